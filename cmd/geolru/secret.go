package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v3"
)

// secretBytes: as many as the key that is derived from them.
const secretBytes = 32

func secretCommand() *cli.Command {
	return &cli.Command{
		Name:  "secret",
		Usage: "print a fresh secret for a mesh",
		Action: func(_ context.Context, cmd *cli.Command) error {
			if err := arguments(cmd, 0, 0); err != nil {
				return err
			}
			b := make([]byte, secretBytes)
			rand.Read(b) // never fails
			fmt.Fprintln(cmd.Root().Writer, base64.RawURLEncoding.EncodeToString(b))
			return nil
		},
	}
}

// readSecret reads a file that holds one secret or password, without the white space around it. The name of the flag
// is for the error; no file is no secret.
func readSecret(flag, file string) (string, error) {
	if file == "" {
		return "", nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", usagef("read --%s: %w", flag, err)
	}
	s := strings.TrimSpace(string(b))
	if s == "" {
		return "", usagef("read --%s: %s is empty", flag, file)
	}
	return s, nil
}

// arguments checks how many there are; most < 0: any number.
func arguments(cmd *cli.Command, least, most int) error {
	switch n := cmd.Args().Len(); {
	case n < least:
		return usagef("%s: wants %s", cmd.Name, cmd.ArgsUsage)
	case most >= 0 && n > most:
		return usagef("%s: unexpected argument %q", cmd.Name, cmd.Args().Get(most))
	}
	return nil
}
