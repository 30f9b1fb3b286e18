# METADATA
# title: OpenAI's API
# description: >-
#   Inference with the models that are listed, for answers of bounded length, and with tools that run at
#   the agent's side. Files, fine-tuning, assistants and administration are for people.
# schemas:
#   - input: schema.input
package countersign.packs.openai

import data.lib.number
import data.lib.paths

# METADATA
# title: The answer
# entrypoint: true
decision := {"allowed": allowed, "reasons": reasons}

# METADATA
# title: Allowed is inference, and reading what models there are
default allowed := false

allowed if {
	reads
	count(reasons) == 0
}

allowed if {
	infers
	count(reasons) == 0
}

# METADATA
# title: The path, in decoded segments
path := input.countersign.request.segments

# METADATA
# title: What models there are
reads if {
	input.attributes.request.http.method in {"GET", "HEAD"}
	paths.matches_any(["/v1/models", "/v1/models/*"], path)
}

# METADATA
# title: Inference
infers if generates

infers if {
	input.attributes.request.http.method == "POST"
	paths.matches_any(["/v1/embeddings", "/v1/moderations"], path)
}

# METADATA
# title: Inference whose answer has a length
generates if {
	input.attributes.request.http.method == "POST"
	paths.matches_any(["/v1/chat/completions", "/v1/responses"], path)
}

# METADATA
# title: One bound at least is within the limit
is_bounded if {
	some name in ["max_completion_tokens", "max_output_tokens", "max_tokens"]
	number.at_most(input.parsed_body[name], data.packs.openai.max_tokens)
}

# METADATA
# title: A bound that is there is beyond the limit
exceeds if {
	body := input.parsed_body
	is_object(body)
	some name, value in body
	name in {"max_completion_tokens", "max_output_tokens", "max_tokens"}
	not number.at_most(value, data.packs.openai.max_tokens)
}

# METADATA
# title: Several answers are paid for one
multiplies if {
	body := input.parsed_body
	is_object(body)
	some name, value in body
	name in {"best_of", "n"}
	value != 1
}

# METADATA
# title: The model is listed
names_listed_model if input.parsed_body.model in data.packs.openai.models

# METADATA
# title: A tool that the agent runs itself
is_own_tool(tool) if tool.type in {"custom", "function"}

# METADATA
# title: A tool that runs at the provider's side
hosts_tool if {
	tools := input.parsed_body.tools
	is_array(tools)
	some tool in tools
	not is_own_tool(tool)
}

hosts_tool if {
	body := input.parsed_body
	is_object(body)
	some name, _ in body
	name in {"background", "plugins", "web_search_options"}
}

hosts_tool if {
	body := input.parsed_body
	is_object(body)
	some name, value in body
	name == "tools"
	not is_array(value)
}

# METADATA
# title: Nothing here allows it
# custom:
#   code: not_permitted
#   agent: use chat completions, responses or embeddings
reasons contains {
	"code": "not_permitted",
	"message": "Agents may list models and use chat completions, responses, embeddings and moderations.",
} if {
	not reads
	not infers
}

# METADATA
# title: Another model
# custom:
#   code: model_not_listed
#   agent: use a model that is listed
reasons contains {"code": "model_not_listed", "message": "Agents use the models that are listed."} if {
	infers
	not names_listed_model
}

# METADATA
# title: An answer that may become too long
# custom:
#   code: answer_unbounded
#   agent: set max_completion_tokens (or max_output_tokens) within the limit
reasons contains {
	"code": "answer_unbounded",
	"message": "Bound the answer with max_completion_tokens or max_output_tokens, within the limit.",
} if {
	generates
	not is_bounded
}

# METADATA
# title: A bound beyond the limit, beside another or alone
# custom:
#   code: answer_unbounded
#   agent: set max_completion_tokens (or max_output_tokens) within the limit
reasons contains {
	"code": "answer_unbounded",
	"message": "Bound the answer with max_completion_tokens or max_output_tokens, within the limit.",
} if {
	generates
	exceeds
}

# METADATA
# title: More than one answer
# custom:
#   code: several_answers
#   agent: leave out `n` and `best_of`
reasons contains {"code": "several_answers", "message": "One request is for one answer."} if {
	generates
	multiplies
}

# METADATA
# title: A tool that the provider runs
# custom:
#   code: hosted_tool
#   agent: use tools of type function, and run them yourself
reasons contains {
	"code": "hosted_tool",
	"message": "Tools that the provider runs reach out past this policy: use functions.",
} if {
	generates
	hosts_tool
}
