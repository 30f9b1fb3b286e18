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
	service in repositories[repository]
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
# title: The repository, from a path of exactly the right length
repository := input.parsed_path[0] if {
	input.attributes.request.http.method == "GET"
	count(input.parsed_path) == 3
}

repository := input.parsed_path[0] if {
	input.attributes.request.http.method == "POST"
	count(input.parsed_path) == 2
}

# METADATA
# title: The service that is asked for
service := input.parsed_query.service[0] if {
	input.attributes.request.http.method == "GET"
	input.parsed_path[1] == "info"
	input.parsed_path[2] == "refs"
	count(input.parsed_query.service) == 1
}

service := input.parsed_path[1] if input.attributes.request.http.method == "POST"

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
	service == "git-receive-pack"
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
# title: A push
is_push if service == "git-receive-pack"

# METADATA
# title: Agents that nobody here knows
# custom:
#   code: unknown_agent
#   agent: ask an operator to be let in
reasons contains {"code": "unknown_agent", "message": "This agent is not known here."} if not is_known
