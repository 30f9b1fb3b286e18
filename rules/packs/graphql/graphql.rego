# METADATA
# title: A GraphQL API
# description: >-
#   Queries are allowed, mutations where they are listed by their real names, and neither where a hidden
#   field is touched. Every operation of the document is judged, with its fragments expanded and its
#   aliases undone; the route needs `protocol: graphql`.
# schemas:
#   - input: schema.input
package countersign.packs.graphql

# METADATA
# title: The answer
# entrypoint: true
decision := {"allowed": allowed, "reasons": reasons}

# METADATA
# title: Allowed is a request whose every operation is
default allowed := false

allowed if {
	is_graphql
	count(reasons) == 0
}

# METADATA
# title: The request's operations, of which there is one at least
is_graphql if {
	operations := input.countersign.request.operations
	is_array(operations)
	count(operations) > 0
	every operation in operations {
		operation.protocol == "graphql"
	}
}

# METADATA
# title: A mutation of this name is listed
# description: "A field's path begins with its root field: `createIssue`, `createIssue.issue.id`."
is_listed(path) if {
	is_string(path)
	root := split(path, ".")[0]
	is_string(root)
	root in data.packs.graphql.mutations
}

# METADATA
# title: The field is hidden, or lies below one that is
# description: "`viewer.email`, by whole names; `*.email` hides the field wherever it stands."
is_hidden(path) if {
	is_string(path)
	hidden := data.packs.graphql.hidden
	is_array(hidden)
	some name in hidden
	path == name
}

is_hidden(path) if {
	is_string(path)
	hidden := data.packs.graphql.hidden
	is_array(hidden)
	some name in hidden
	is_string(name)
	startswith(path, concat("", [name, "."]))
}

is_hidden(path) if {
	is_string(path)
	hidden := data.packs.graphql.hidden
	is_array(hidden)
	some name in hidden
	is_string(name)
	startswith(name, "*.")
	trim_prefix(name, "*.") in split(path, ".")
}

# METADATA
# title: A field of the schema itself
is_introspection(path) if {
	is_string(path)
	root := split(path, ".")[0]
	is_string(root)
	root in {"__schema", "__type"}
}

# METADATA
# title: No operation at all, or one of another protocol
# custom:
#   code: not_graphql
#   agent: send a GraphQL document
reasons contains {
	"code": "not_graphql",
	"message": "Send a GraphQL document with one operation at least.",
} if not is_graphql

# METADATA
# title: A mutation that is not listed, in whatever operation and under whatever alias
# custom:
#   code: mutation_not_listed
#   agent: use a mutation that is listed, or query
reasons contains {
	"code": "mutation_not_listed",
	"message": "Agents may query, and use the mutations that are listed.",
} if {
	operations := input.countersign.request.operations
	is_array(operations)
	some operation in operations
	operation.kind != "read"
	not is_known_mutation(operation)
}

# METADATA
# title: A mutation whose every field is below a root that is listed
is_known_mutation(operation) if {
	operation.verb == "mutation"
	fields := operation.fields
	is_array(fields)
	count(fields) > 0
	every field in fields {
		is_listed(field.path)
	}
}

# METADATA
# title: A subscription, which has no end that a decision could foresee
# custom:
#   code: subscription
#   agent: query again instead
reasons contains {"code": "subscription", "message": "Agents query; they do not subscribe."} if {
	operations := input.countersign.request.operations
	is_array(operations)
	some operation in operations
	operation.verb == "subscription"
}

# METADATA
# title: A field that is hidden
# custom:
#   code: hidden_field
#   agent: leave the field out
reasons contains {"code": "hidden_field", "message": "The document asks for a field that is hidden."} if {
	operations := input.countersign.request.operations
	is_array(operations)
	some operation in operations
	fields := operation.fields
	is_array(fields)
	some field in fields
	is_hidden(field.path)
}

# METADATA
# title: The schema itself
# custom:
#   code: introspection
#   agent: ask a person for the schema
reasons contains {"code": "introspection", "message": "Agents do not read the schema."} if {
	operations := input.countersign.request.operations
	is_array(operations)
	some operation in operations
	fields := operation.fields
	is_array(fields)
	some field in fields
	is_introspection(field.path)
}

# METADATA
# title: More fields than one request may touch
# custom:
#   code: too_many_fields
#   agent: ask for less at once
reasons contains {"code": "too_many_fields", "message": "The document touches too many fields."} if {
	operations := input.countersign.request.operations
	is_array(operations)
	some operation in operations
	not is_small(operation)
}

# METADATA
# title: No more fields than the limit
is_small(operation) if {
	fields := operation.fields
	is_array(fields)
	limit := data.packs.graphql.max_fields
	is_number(limit)
	count(fields) <= limit
}
