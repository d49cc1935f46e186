package geo

// Drop is gossip of one cache that a full queue dropped: somebody lacks what was in it, and gossip will not bring it again.
type Drop struct {
	Cache string
	Peer  ID   // whom it was for, so it lacks it; Here: who sent it, so it has it; empty: nobody got what this node published
	Here  bool // this node lacks it
	N     int  // how many batches, at least 1
}
