# The policy of lictord's Consul token, under default_policy = "deny". Each cluster
# has a service of its name: one line for each, or a service_prefix that your
# clusters share.

# The term of the leadership, the lease and the intents of recoveries.
key_prefix "lictor/" {
  policy = "write"
}

# The MySQL nodes, which stand in the catalog as mysql-CLUSTER-NODE.
node_prefix "mysql-" {
  policy = "write"
}

# Each lictord registers itself with its agent, and reads where the others are.
service "lictor" {
  policy = "write"
}

node_prefix "" {
  policy = "read"
}

service "orders" {
  policy = "write"
}
