// Names as documents allow them.

/** A keyspace's, a shard's or a hostgroup's name. */
export const NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** host:port; an IPv6 address stands in brackets. */
export const ADDRESS = /^(\[[0-9A-Za-z.:_-]+\]|[0-9A-Za-z._-]+):0*[1-9][0-9]{0,4}$/;
