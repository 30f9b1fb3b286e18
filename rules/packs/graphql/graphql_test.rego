package countersign.packs.graphql_test

import data.countersign.packs.graphql

settings := {"hidden": ["viewer.email", "*.token"], "max_fields": 4, "mutations": ["addComment"]}

operation(verb, kind, paths) := {
	"protocol": "graphql",
	"verb": verb,
	"kind": kind,
	"name": "",
	"arguments": null,
	"fields": [{"path": path, "arguments": {}} | some path in paths],
}

query(paths) := operation("query", "read", paths)

mutation(paths) := operation("mutation", "write", paths)

request(operations) := {"countersign": {"request": {"operations": operations}}}

codes(answer) := {reason.code | some reason in answer.reasons}

said(operations) := codes(answer) if {
	answer := graphql.decision with input as request(operations) with data.packs.graphql as settings
	answer.allowed == false
}

test_a_query_is_allowed if {
	answer := graphql.decision with input as request([query(["viewer", "viewer.login"])]) with data.packs.graphql as settings
	answer.allowed == true
}

test_a_listed_mutation_is_allowed if {
	answer := graphql.decision with input as request([mutation(["addComment", "addComment.comment.id"])])
		with data.packs.graphql as settings
	answer.allowed == true
}

# The mistake: a harmless-looking document deletes a repository under an alias or in a fragment. What is
# judged is the real name.
test_a_mutation_that_is_not_listed_is_denied if {
	answer := graphql.decision with input as request([mutation(["deleteRepository", "deleteRepository.clientMutationId"])])
		with data.packs.graphql as settings
	codes(answer) == {"mutation_not_listed"}
	said([mutation(["addComment", "deleteRepository"])]) == {"mutation_not_listed"}
	said([mutation(["addCommentary"])]) == {"mutation_not_listed"}
	said([mutation([])]) == {"mutation_not_listed"}
}

# The mistake: only the first operation, or the first of a batch, is looked at.
test_a_second_operation_is_judged_too if {
	answer := graphql.decision with input as request([query(["viewer"]), mutation(["deleteRepository"])])
		with data.packs.graphql as settings
	codes(answer) == {"mutation_not_listed"}
}

test_a_write_that_calls_itself_something_else_is_denied if {
	said([operation("query", "write", ["viewer"])]) == {"mutation_not_listed"}
	said([operation("subscription", "read", ["events"])]) == {"subscription"}
}

test_hidden_fields_are_denied if {
	answer := graphql.decision with input as request([query(["viewer", "viewer.email"])]) with data.packs.graphql as settings
	codes(answer) == {"hidden_field"}
	said([query(["viewer.email.domain"])]) == {"hidden_field"}
	said([query(["node.app.token"])]) == {"hidden_field"}
	said([mutation(["addComment.comment.author.token"])]) == {"hidden_field"}
	graphql.allowed with input as request([query(["viewer.emails", "tokens"])]) with data.packs.graphql as settings
}

test_the_schema_is_not_read if {
	said([query(["__schema", "__schema.types.name"])]) == {"introspection"}
	graphql.allowed with input as request([query(["viewer.__typename"])]) with data.packs.graphql as settings
}

test_a_large_document_is_denied if {
	said([query(["a", "b", "c", "d", "e"])]) == {"too_many_fields"}
}

test_what_is_no_graphql_is_denied if {
	said([]) == {"not_graphql"}
	said(null) == {"not_graphql"}
	said([object.union(query(["a"]), {"protocol": "http"})]) == {"not_graphql"}
	not graphql.allowed with input as {}
}
