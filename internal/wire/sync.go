package wire

// The messages of a sync, field by field.

func (*Pull) head() (uint64, uint64)    { return numberPull, 5 }
func (*Answer) head() (uint64, uint64)  { return numberAnswer, 8 }
func (*Records) head() (uint64, uint64) { return numberRecords, 4 }
func (*List) head() (uint64, uint64)    { return numberList, 4 }
func (*End) head() (uint64, uint64)     { return numberEnd, 8 }
func (*Credit) head() (uint64, uint64)  { return numberCredit, 3 }
func (*Busy) head() (uint64, uint64)    { return numberBusy, 3 }

func (m *Pull) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.Session)
	c.digest(&m.Digest)
	c.flag(&m.Last)
	c.flag(&m.Settled)
}

func (m *Answer) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.Session)
	c.digest(&m.Digest)
	number(c, &m.Floor)
	list(c, &m.Forgotten, MaxFrameRecords, leastForgotten, forgotten)
	number(c, &m.Total)
	c.flag(&m.Lossy)
	c.flag(&m.Last)
}

func forgotten(c *codec, f *Forgotten) {
	c.tuple(3)
	named(c, &f.Origin)
	number(c, &f.N)
	number(c, &f.Time)
}

func (m *Records) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.Session)
	c.records(&m.Records)
}

func (m *List) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.Session)
	list(c, &m.Keys, MaxFrameRecords, leastKey, (*codec).key)
	c.flag(&m.Last)
}

func (m *End) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.Session)
	c.millis(&m.Time)
	number(c, &m.Count)
	c.flag(&m.Whole)
	c.flag(&m.Settled)
	c.records(&m.Records)
}

func (m *Credit) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.Session)
	number(c, &m.Bytes)
}

func (m *Busy) fields(c *codec) {
	c.cache(&m.Cache)
	number(c, &m.Session)
	number(c, &m.RetryAfter)
}

// newMessage is an empty message of a type, nil for one that is not known or no message.
func newMessage(number uint64) Message {
	switch number {
	case numberProbe:
		return new(Probe)
	case numberFetch:
		return new(Fetch)
	case numberFetched:
		return new(Fetched)
	case numberAck:
		return new(Ack)
	case numberExplain:
		return new(Explain)
	case numberExplained:
		return new(Explained)
	case numberPull:
		return new(Pull)
	case numberAnswer:
		return new(Answer)
	case numberRecords:
		return new(Records)
	case numberList:
		return new(List)
	case numberEnd:
		return new(End)
	case numberCredit:
		return new(Credit)
	case numberBusy:
		return new(Busy)
	case numberAudit:
		return new(Audit)
	case numberAudited:
		return new(Audited)
	case numberClaim:
		return new(Claim)
	case numberClaimed:
		return new(Claimed)
	case numberOffers:
		return new(Offers)
	case numberTake:
		return new(Take)
	case numberPart:
		return new(Part)
	}
	return nil
}
