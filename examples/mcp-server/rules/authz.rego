# METADATA
# title: Which tools an agent may call
# description: >-
#   Everything is denied that no rule here allows. Countersign asks the same rules what a list of
#   tools may show: then the arguments are not known, and `listing` is true.
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
	input.countersign.mcp.method in harmless
}

allowed if {
	is_known
	input.countersign.mcp.tool == "echo"
}

allowed if {
	is_known
	is_small_sum
}

# METADATA
# title: A sum that may be in a list, where no number is known yet
is_small_sum if {
	input.countersign.mcp.tool == "get-sum"
	input.countersign.mcp.listing
}

# METADATA
# title: A sum of numbers that are small
is_small_sum if {
	input.countersign.mcp.tool == "get-sum"
	a := input.countersign.mcp.arguments.a
	is_number(a)
	b := input.countersign.mcp.arguments.b
	is_number(b)
	a + b <= 1000
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
	"server/discover",
	"tools/list",
}

# METADATA
# title: The agents that this deployment knows
is_known if input.countersign.principal.spiffe_id in {"spiffe://dev.local/agent/demo-agent"}

# METADATA
# title: Listening to the server, and ending the session
is_transport if input.countersign.mcp.kind in {"end", "stream"}

# METADATA
# title: A sum of numbers that are not small
# custom:
#   code: sum_too_large
#   agent: add smaller numbers
reasons contains {
	"code": "sum_too_large",
	"message": "Agents add numbers here whose sum is at most 1000.",
} if {
	is_known
	input.countersign.mcp.tool == "get-sum"
	not is_small_sum
}

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
	not input.countersign.mcp.tool in tools
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
is_call if input.countersign.mcp.method == "tools/call"
