# METADATA
# title: Which tools an agent may call
# description: >-
#   Everything is denied that no rule here allows. A batch, or a message without a method, names no
#   tool and so is denied.
package countersign.authz

# METADATA
# title: The answer
# entrypoint: true
decision := {"allowed": allowed, "reasons": reasons}

# METADATA
# title: Allowed is a known agent that looks around or calls a tool from the list
default allowed := false

allowed if {
	is_known
	is_transport
}

allowed if {
	is_known
	is_post
	input.parsed_body.method in harmless
}

allowed if {
	is_known
	is_post
	is_call
	is_listed
}

# METADATA
# title: The tools
tools := {"echo", "get-sum"}

# METADATA
# title: Messages that do nothing
harmless := {
	"initialize",
	"notifications/cancelled",
	"notifications/initialized",
	"ping",
	"tools/list",
}

# METADATA
# title: The agents that this deployment knows
is_known if input.countersign.principal.spiffe_id in {"spiffe://dev.local/agent/demo-agent"}

# METADATA
# title: A message
is_post if input.attributes.request.http.method == "POST"

# METADATA
# title: Listening to the server, and ending the session
is_transport if input.attributes.request.http.method in {"DELETE", "GET"}

# METADATA
# title: A tool that is not on the list
# custom:
#   code: tool_not_allowed
#   agent: use one of the tools that are, or ask a person
reasons contains {
	"code": "tool_not_allowed",
	"message": "Agents may call echo and get-sum here, and no other tool.",
} if {
	is_known
	is_call
	not is_listed
}

# METADATA
# title: Everything else that is not harmless
# custom:
#   code: method_not_allowed
#   agent: call a tool instead
reasons contains {
	"code": "method_not_allowed",
	"message": "Agents may list and call tools here, and nothing else.",
} if {
	is_known
	not allowed
	not is_call
}

# METADATA
# title: Agents that nobody here knows
# custom:
#   code: unknown_agent
#   agent: ask an operator to be let in
reasons contains {"code": "unknown_agent", "message": "This agent is not known here."} if not is_known

# METADATA
# title: A tool call
is_call if input.parsed_body.method == "tools/call"

# METADATA
# title: The tool is on the list
is_listed if input.parsed_body.params.name in tools
