package wire

// CacheOf is the name of the cache that a message is about; empty for a Probe, which is about all of them.
func CacheOf(m Message) string {
	switch m := m.(type) {
	case *Fetch:
		return m.Cache
	case *Fetched:
		return m.Cache
	case *Ack:
		return m.Cache
	case *Explain:
		return m.Cache
	case *Explained:
		return m.Cache
	case *Pull:
		return m.Cache
	case *Answer:
		return m.Cache
	case *Records:
		return m.Cache
	case *List:
		return m.Cache
	case *End:
		return m.Cache
	case *Credit:
		return m.Cache
	case *Busy:
		return m.Cache
	case *Audit:
		return m.Cache
	case *Audited:
		return m.Cache
	case *Claim:
		return m.Cache
	case *Claimed:
		return m.Cache
	case *Offers:
		return m.Cache
	case *Take:
		return m.Cache
	case *Part:
		return m.Cache
	}
	return ""
}
