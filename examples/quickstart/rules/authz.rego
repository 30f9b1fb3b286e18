# METADATA
# title: What agents may do with the payments API
# description: >-
#   Everything is denied that no rule here allows. The agent may read; what it may never do is said
#   in a sentence of its own, because a model acts on the reason it is given.
package countersign.authz

# METADATA
# title: The answer
# entrypoint: true
decision := {"allowed": allowed, "reasons": reasons}

# METADATA
# title: Allowed is a known agent that reads, and nothing else
default allowed := false

allowed if {
	is_known
	is_read
}

# METADATA
# title: The agents that this deployment knows
is_known if input.countersign.principal.spiffe_id in {"spiffe://dev.local/agent/demo-agent"}

# METADATA
# title: Methods that change nothing
is_read if input.attributes.request.http.method in {"GET", "HEAD"}

# METADATA
# title: Deleting a customer
is_customer_delete if {
	input.attributes.request.http.method == "DELETE"
	input.parsed_path[1] == "customers"
}

# METADATA
# title: Reading is allowed
# custom:
#   code: read
reasons contains {"code": "read", "message": "Agents may read."} if allowed

# METADATA
# title: Customers may not be deleted
# custom:
#   code: customer_delete_forbidden
#   agent: leave the customer alone; no other request will do it either
reasons contains {
	"code": "customer_delete_forbidden",
	"message": "Customers may not be deleted by agents.",
} if {
	is_known
	is_customer_delete
}

# METADATA
# title: Everything else that would change something
# custom:
#   code: read_only
#   agent: use GET or HEAD, or ask a person to make the change
reasons contains {"code": "read_only", "message": "Agents may read here, and nothing else."} if {
	is_known
	not is_read
	not is_customer_delete
	not speaks_mcp
}

# METADATA
# title: Messages for an MCP server say themselves what they ask for
speaks_mcp if is_string(input.countersign.mcp.kind)

# METADATA
# title: Agents that nobody here knows
# custom:
#   code: unknown_agent
#   agent: ask an operator to be let in
reasons contains {"code": "unknown_agent", "message": "This agent is not known here."} if not is_known
