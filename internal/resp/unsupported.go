package resp

import "strings"

// unsupported tells, for Redis's commands that could not be honest here, why: two regions may write at the same time,
// and the later write wins whole. Refusing is better than losing one of two increments now and then.
var unsupported = reasons(map[string]string{
	"incr incrby incrbyfloat decr decrby": "a counter needs a merge that adds, and here the last writer wins: " +
		"concurrent increments in two regions would be lost",
	"append setrange setbit bitfield bitop": "a change to a part of a value would lose a concurrent one to another " +
		"part, for the last writer wins whole; SET the whole value",
	"lpush rpush lpushx rpushx lpop rpop blpop brpop lmove blmove lmpop blmpop rpoplpush brpoplpush lrange llen lindex " +
		"linsert lrem lset ltrim lpos": "values are strings; a list would lose concurrent pushes, for the last writer wins",
	"sadd srem spop smove smembers sismember smismember scard srandmember sinter sinterstore sintercard sunion " +
		"sunionstore sdiff sdiffstore sscan": "values are strings; a set would lose concurrent changes, for the last writer wins",
	"hset hsetnx hmset hget hmget hgetall hdel hexists hincrby hincrbyfloat hkeys hvals hlen hstrlen hrandfield hscan": "values " +
		"are strings; a hash would lose concurrent changes, for the last writer wins; use a key for each field",
	"zadd zrem zincrby zrange zrangestore zrangebyscore zrangebylex zrevrange zrevrangebyscore zrank zrevrank zscore " +
		"zmscore zcard zcount zpopmin zpopmax bzpopmin bzpopmax zmpop bzmpop zinter zunion zdiff zscan geoadd geosearch " +
		"geopos geodist": "values are strings; a sorted set would lose concurrent changes, for the last writer wins",
	"xadd xread xreadgroup xrange xrevrange xlen xdel xtrim xack xgroup xinfo xclaim xautoclaim xpending": "values are " +
		"strings; a stream needs one order of its messages, and every region writes",
	"pfadd pfcount pfmerge": "values are strings",
	"multi exec discard watch unwatch": "a transaction would hold on this node alone, for every region writes; " +
		"SET has NX, XX and GET",
	"eval eval_ro evalsha evalsha_ro script fcall fcall_ro function": "a script would be atomic on this node alone, for every region writes",
	"persist":                          "every entry expires",
	"rename renamenx copy move swapdb": "a move of two keys cannot be one write, and every region writes",
	"setnx":                            "use SET key value NX",
	"getset":                           "use SET key value GET",
	"msetnx":                           "several keys cannot be one write, and every region writes",
	"publish subscribe psubscribe ssubscribe spublish unsubscribe punsubscribe sunsubscribe pubsub": "messages are not " +
		"kept for a region that is cut off; write entries",
	"save bgsave bgrewriteaof replicaof slaveof failover psync sync cluster": "every node is a master and replicates by itself",
})

func reasons(groups map[string]string) map[string]string {
	all := map[string]string{}
	for names, why := range groups {
		for _, name := range strings.Fields(names) {
			all[name] = why
		}
	}
	return all
}
