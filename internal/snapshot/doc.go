// Package snapshot keeps a replica on disk and brings it back: one file for each cache.
//
// The life of a snapshot. A replica tells what it has seen, then hands over its records one by one, then tells what it
// has forgotten (store.Snapshot); Write puts that into a temporary file, block by block, has it on the disk, and gives
// it the name of the one before. At the next start Read hands the same to the new replica, which takes it whole or not
// at all. A file that is not whole is set aside as .bad and the start is a cold one: a snapshot saves traffic and
// misses, nothing depends on it.
//
// The form of the file stands in docs/wire.md, with a test vector. In short: a title, what was seen, the records, what was
// forgotten, an end with counts, each in blocks with a checksum that say where they belong.
//
// # Why it is sound
//
// What makes a replica sound is that each dot it claims to have seen is covered: by a record of that key here, of this
// version or a higher one; or by a floor and a forgotten number, if that record was forgotten; or by a Clear. The replica
// is not stopped while it is read, so the order of reading must see to it. All dots seen are covered when Seen is taken,
// for a record is merged before its dot is marked. After that, the record that covers one can only be replaced by a
// higher version in the same slot, which will be read, or go from its slot; it goes by being forgotten, by a Clear, or
// when its retention ends and nobody needs it. If it goes before its slot is read, floor, forgotten number and Clear have
// risen by then, and they are read last. So Seen comes first, then the records, then the rest: in any other order a write
// or an eviction in between would be claimed and not be there.
//
// Records that came or were written while others were read carry dots that Seen has not. Whoever restores a record marks
// its dot, as for any record that is applied; otherwise it would be served here, and be in no digest that tells others of
// it. A record that had no dot gets one before it is read, for the same reason.
//
// The numbers of the life that wrote the snapshot are in Seen like those of any other origin, for the next life is
// another origin. So it does not matter that the old life may have written more after the snapshot, at higher times than
// the ceiling of its clock: no version and no dot of the new life can be one of these, and they come back by sync from
// those who have them, as from any writer that was not heard of. The ceiling keeps the new life above all that it holds.
//
// Restoring goes the same way: records first, for the floor would refuse those below it; then floor and forgotten numbers;
// then Seen; all before the first frame from outside. While they enter the snapshot itself vouches for its records: of
// each key it has one, or several in the order in which they were held, so none of them can be older than another one
// that entered and was forgotten for want of room.
//
// # The journal
//
// Between two snapshots a Journal keeps what large syncs bring, for a process that is killed writes no snapshot. It is
// replayed as a sync that was cut: each record by the one door, and no dot marked but its own, which is covered then. So
// whatever part of a journal comes back is sound, on top of any snapshot or none. That is why it need not be synced, and why
// it may go only when a snapshot that was begun after it was noted is in its place: Mark, Write, Trim.
package snapshot
