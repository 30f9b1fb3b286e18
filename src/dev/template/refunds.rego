# METADATA
# title: Refunds wait for a person
# description: >-
#   The rule of one route. It asks for an agreement, and has the last word once there is one: what
#   people agreed to is `input.countersign.approval`.
package countersign.refunds

# METADATA
# title: The answer
# entrypoint: true
decision := {"allowed": true} if is_agreed

else := {
	"allowed": false,
	"reasons": [{"code": "refund_needs_a_person", "message": "A person has to agree to a refund."}],
	"approval": {"quorum": 1, "summary": "pay money back to a customer", "risk": "high", "expires_in": "15m"},
}

# METADATA
# title: People agreed to this very request
is_agreed if is_string(input.countersign.approval.digest)
