# METADATA
# title: What agents may do with the payments tools
# description: >-
#   The same package as the rules for the API: one file more, one answer. An MCP client reads the
#   reason of a denied call as the tool's result.
package countersign.authz

# METADATA
# title: What belongs to the protocol and acts on nothing
allowed if {
	is_known
	speaks_mcp
	input.countersign.mcp.tool == null
	input.countersign.mcp.prompt == null
	input.countersign.mcp.resource == null
}

allowed if {
	is_known
	input.countersign.mcp.tool == "get_balance"
}

allowed if {
	is_known
	is_small_refund
}

# METADATA
# title: A refund that may be in a list, where no amount is known yet
is_small_refund if {
	input.countersign.mcp.tool == "refund"
	input.countersign.mcp.listing
}

# METADATA
# title: A refund that an agent may make alone
is_small_refund if {
	input.countersign.mcp.tool == "refund"
	amount := input.countersign.mcp.arguments.amount
	is_number(amount)
	amount > 0
	amount <= 100
}

# METADATA
# title: Large refunds are a person's
# custom:
#   code: refund_too_large
#   agent: refund at most 100 EUR, or ask a person
reasons contains {
	"code": "refund_too_large",
	"message": "Agents may refund at most 100 EUR. Ask a person for this one.",
} if {
	is_known
	input.countersign.mcp.tool == "refund"
	not is_small_refund
}

# METADATA
# title: No other tool is an agent's
# custom:
#   code: tool_forbidden
#   agent: leave it alone; the tools that you may use are in tools/list
reasons contains {
	"code": "tool_forbidden",
	"message": "This tool is not for agents; tools/list shows those that are.",
} if {
	is_known
	is_string(input.countersign.mcp.tool)
	not input.countersign.mcp.tool in {"get_balance", "refund"}
}
