# METADATA
# title: Who may do what
# description: >-
#   Everything is denied that no entry of the access table grants. The table is data
#   (`data.countersign.access`, in data.json), so that granting an agent something is no change of
#   rules. An entry grants its agents the methods it lists on the routes it lists, except the paths
#   it names. A request that is several operations is granted by an entry that grants each of them.
# schemas:
#   - input: schema.input
package countersign.authz

import data.lib.operations
import data.lib.paths
import data.lib.spiffe

# METADATA
# title: The answer
# entrypoint: true
decision := {"allowed": allowed, "reasons": reasons}

# METADATA
# title: Allowed is what an entry grants, and nothing else
default allowed := false

allowed if count(granted) > 0

# METADATA
# title: The entries that name this agent and this route
candidates contains name if {
	some name, entry in data.countersign.access
	some agent in entry.agents
	spiffe.matches(input.countersign.principal.spiffe_id, agent)
	input.countersign.route in entry.routes
}

# METADATA
# title: Those of them that list the method
# description: Methods are compared exactly; HEAD is not GET.
with_method contains name if {
	some name in candidates
	input.attributes.request.http.method in data.countersign.access[name].methods
}

# METADATA
# title: The entries that except this path
excepted contains name if {
	some name, entry in data.countersign.access
	some path in entry.except
	paths.covers(path, input.countersign.request.segments)
}

# METADATA
# title: Those of them that grant every operation of the request
covering contains name if {
	some name, entry in data.countersign.access
	name in with_method
	kinds_granted(entry)
	names_granted(entry)
}

# METADATA
# title: The entry grants what every operation does
# description: >-
#   Without `kinds`, reading is granted with every method, and writing with those that say so: a
#   GraphQL mutation in a GET is a write, and granting GET grants none.
kinds_granted(entry) if operations.of_kinds(input.countersign.request.operations, entry.kinds)

kinds_granted(entry) if {
	not entry.kinds
	operations.only_reads(input.countersign.request.operations)
}

kinds_granted(entry) if {
	not entry.kinds
	not input.attributes.request.http.method in {"GET", "HEAD", "OPTIONS"}
	operations.of_kinds(input.countersign.request.operations, ["read", "write"])
}

# METADATA
# title: The entry grants every operation by its name, or does not ask for names
names_granted(entry) if operations.named(input.countersign.request.operations, entry.operations)

names_granted(entry) if not entry.operations

# METADATA
# title: The entries that grant this request
granted contains name if {
	some name in covering
	not name in excepted
}

# METADATA
# title: Granted
# custom:
#   code: granted
#   agent: go ahead
reasons contains {"code": "granted", "message": "an entry of the access table grants this"} if {
	count(granted) > 0
}

# METADATA
# title: Nothing grants this agent this route
# custom:
#   code: no_grant
#   agent: ask an operator for access; trying again changes nothing
reasons contains {
	"code": "no_grant",
	"message": "no entry of the access table lets this agent use this route",
} if {
	count(candidates) == 0
}

# METADATA
# title: The agent may use the route, but not with this method
# custom:
#   code: method_not_granted
#   agent: use a method that is granted
reasons contains {
	"code": "method_not_granted",
	"message": "this agent may use this route, but not with this method",
} if {
	count(candidates) > 0
	count(with_method) == 0
}

# METADATA
# title: The agent may use the route with this method, but not for all of these operations
# custom:
#   code: operation_not_granted
#   agent: send only operations that are granted; one that is not denies them all
reasons contains {
	"code": "operation_not_granted",
	"message": "this agent may use this route, but not for every operation of this request",
} if {
	count(with_method) > 0
	count(covering) == 0
}

# METADATA
# title: The agent may use the route, but not this path
# custom:
#   code: path_excepted
#   agent: leave this path alone
reasons contains {
	"code": "path_excepted",
	"message": "this agent may use this route, but this path is excepted",
} if {
	count(covering) > 0
	count(granted) == 0
}
