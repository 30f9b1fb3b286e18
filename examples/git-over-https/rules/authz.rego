# METADATA
# title: Who may read and write which repository
# description: >-
#   Everything is denied that no rule here allows. git asks twice: first for the references, with the
#   service in the query, then for the service itself. Both must say the same.
package countersign.authz

# METADATA
# title: The answer
# entrypoint: true
decision := {"allowed": allowed, "reasons": reasons}

# METADATA
# title: Allowed is what the table of repositories grants
default allowed := false

allowed if {
	is_known
	is_references
	input.parsed_query.service[0] in repositories[input.parsed_path[0]]
}

allowed if {
	is_known
	is_service
	input.parsed_path[1] in repositories[input.parsed_path[0]]
}

# METADATA
# title: The repositories, and what may be done with each
repositories := {
	"docs.git": {"git-upload-pack"},
	"work.git": {"git-receive-pack", "git-upload-pack"},
}

# METADATA
# title: The agents that this deployment knows
is_known if input.countersign.principal.spiffe_id in {"spiffe://dev.local/agent/demo-agent"}

# METADATA
# title: The first question, `/REPOSITORY/info/refs?service=SERVICE`
is_references if {
	input.attributes.request.http.method == "GET"
	count(input.parsed_path) == 3
	input.parsed_path[1] == "info"
	input.parsed_path[2] == "refs"
	count(input.parsed_query.service) == 1
}

# METADATA
# title: The second question, `/REPOSITORY/SERVICE`
is_service if {
	input.attributes.request.http.method == "POST"
	count(input.parsed_path) == 2
}

# METADATA
# title: A push
is_push if {
	is_references
	input.parsed_query.service[0] == "git-receive-pack"
}

is_push if {
	is_service
	input.parsed_path[1] == "git-receive-pack"
}

# METADATA
# title: A push to a repository that may only be read
# custom:
#   code: push_forbidden
#   agent: push to work.git instead, or ask a person
reasons contains {
	"code": "push_forbidden",
	"message": "Agents may not push to this repository; work.git is theirs.",
} if {
	is_known
	is_push
	not allowed
}

# METADATA
# title: Anything else that is not granted
# custom:
#   code: not_granted
#   agent: use docs.git or work.git
reasons contains {
	"code": "not_granted",
	"message": "Agents may read docs.git and work.git here, and nothing else.",
} if {
	is_known
	not allowed
	not is_push
}

# METADATA
# title: Agents that nobody here knows
# custom:
#   code: unknown_agent
#   agent: ask an operator to be let in
reasons contains {"code": "unknown_agent", "message": "This agent is not known here."} if not is_known
