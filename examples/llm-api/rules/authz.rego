# METADATA
# title: Which models an agent may use, and how much at once
# description: Everything is denied that no rule here allows.
package countersign.authz

# METADATA
# title: The answer
# entrypoint: true
decision := {"allowed": allowed, "reasons": reasons}

# METADATA
# title: Allowed is a known agent, a model from its route's list, and an answer of bounded length
default allowed := false

allowed if {
	is_known
	is_model_allowed
	is_bounded
}

# METADATA
# title: The models of each route
models := {
	"anthropic": {"claude-small"},
	"openai": {"gpt-small"},
}

# METADATA
# title: The agents that this deployment knows
is_known if input.countersign.principal.spiffe_id in {"spiffe://dev.local/agent/demo-agent"}

# METADATA
# title: The model is on the list
is_model_allowed if input.parsed_body.model in models[input.countersign.route]

# METADATA
# title: The answer's length is bounded, in each provider's words
is_bounded if {
	tokens := input.parsed_body.max_tokens
	is_number(tokens)
	tokens <= 4096
}

is_bounded if {
	tokens := input.parsed_body.max_completion_tokens
	is_number(tokens)
	tokens <= 4096
}

# METADATA
# title: Another model
# custom:
#   code: model_not_allowed
#   agent: use a model from the list
reasons contains {
	"code": "model_not_allowed",
	"message": "Agents may use gpt-small and claude-small here.",
} if {
	is_known
	not is_model_allowed
}

# METADATA
# title: An answer that may become too long
# custom:
#   code: answer_unbounded
#   agent: set max_tokens to 4096 or less
reasons contains {
	"code": "answer_unbounded",
	"message": "Set max_tokens (or max_completion_tokens) to 4096 or less.",
} if {
	is_known
	not is_bounded
}

# METADATA
# title: Agents that nobody here knows
# custom:
#   code: unknown_agent
#   agent: ask an operator to be let in
reasons contains {"code": "unknown_agent", "message": "This agent is not known here."} if not is_known
