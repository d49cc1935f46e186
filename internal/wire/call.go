package wire

// The messages of one question and one answer, field by field.

func (*Probe) head() (uint64, uint64)     { return numberProbe, 4 }
func (*Fetch) head() (uint64, uint64)     { return numberFetch, 4 }
func (*Fetched) head() (uint64, uint64)   { return numberFetched, 6 }
func (*Ack) head() (uint64, uint64)       { return numberAck, 2 }
func (*Explain) head() (uint64, uint64)   { return numberExplain, 3 }
func (*Explained) head() (uint64, uint64) { return numberExplained, 4 }
func (*Audit) head() (uint64, uint64)     { return numberAudit, 5 }
func (*Audited) head() (uint64, uint64)   { return numberAudited, 3 }
func (*Claim) head() (uint64, uint64)     { return numberClaim, 3 }
func (*Claimed) head() (uint64, uint64)   { return numberClaimed, 4 }

func (m *Probe) fields(c *codec) {
	number(c, &m.ID)
	c.flag(&m.Reply)
	c.millis(&m.Time)
	list(c, &m.Caches, MaxFrameRecords, leastCache, cacheState)
}

func cacheState(c *codec, s *CacheState) {
	c.tuple(4)
	c.cache(&s.Name)
	c.millis(&s.TTL)
	number(c, &s.Hash)
	c.nonce(&s.Nonce)
}

func (m *Fetch) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.ID)
	list(c, &m.Wants, MaxFrameRecords, leastWant, want)
	c.origins(&m.Origins)
}

func want(c *codec, w *Want) {
	c.tuple(3)
	c.key(&w.Key)
	version(c, &w.Least)
}

func (m *Fetched) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.ID)
	list(c, &m.Heads, MaxFrameRecords, leastHead, head)
	c.flag(&m.Last)
	c.records(&m.Records)
}

func head(c *codec, h *Head) {
	c.tuple(2)
	named(c, &h.Origin)
	number(c, &h.N)
}

func (m *Ack) fields(c *codec) {
	c.cache(&m.Cache)
	list(c, &m.Heads, MaxFrameRecords, leastHead, head)
}

func (m *Explain) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.ID)
	c.key(&m.Key)
}

func (m *Explained) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.ID)
	c.tuple(5)
	version(c, &m.Register.Version)
	number(c, &m.Register.Seq)
	small(c, &m.Register.Kind)
	c.deadline(&m.Register.Deadline, m.Register.Version.Time.Milli())
	c.name(&m.Writer)
}

func (m *Audit) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.ID)
	number(c, &m.Partition)
	number(c, &m.Seed)
	number(c, &m.Cells)
}

func (m *Audited) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.ID)
	c.bytes(&m.Cells)
}

func (m *Claim) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.ID)
	c.key(&m.Key)
}

func (m *Claimed) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.ID)
	c.key(&m.Key)
	c.flag(&m.Loaded)
}
