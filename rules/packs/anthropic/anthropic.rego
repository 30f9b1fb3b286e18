# METADATA
# title: Anthropic's API
# description: >-
#   Messages with the models that are listed, for answers of bounded length, and with tools that run at
#   the agent's side. Batches, files and administration are for people.
# schemas:
#   - input: schema.input
package countersign.packs.anthropic

import data.lib.number
import data.lib.paths
import data.lib.text

# METADATA
# title: The answer
# entrypoint: true
decision := {"allowed": allowed, "reasons": reasons}

# METADATA
# title: Allowed is a message, counting its tokens, and reading what models there are
default allowed := false

allowed if {
	permitted
	count(reasons) == 0
}

# METADATA
# title: The path, in decoded segments
path := input.countersign.request.segments

# METADATA
# title: What models there are
permitted if {
	input.attributes.request.http.method in {"GET", "HEAD"}
	paths.matches_any(["/v1/models", "/v1/models/*"], path)
}

permitted if asks

# METADATA
# title: A message, or counting its tokens
asks if {
	input.attributes.request.http.method == "POST"
	paths.matches_any(["/v1/messages", "/v1/messages/count_tokens"], path)
}

# METADATA
# title: A message, which is paid for
generates if {
	input.attributes.request.http.method == "POST"
	paths.matches("/v1/messages", path)
}

# METADATA
# title: The model is listed
names_listed_model if input.parsed_body.model in data.packs.anthropic.models

# METADATA
# title: The answer's length is within the limit
is_bounded if number.at_most(input.parsed_body.max_tokens, data.packs.anthropic.max_tokens)

# METADATA
# title: Tools that the agent runs itself, its own and those whose shape alone is given
is_own_tool(tool) if {
	is_object(tool)
	not tool.type
}

is_own_tool(tool) if tool.type == "custom"

is_own_tool(tool) if {
	some start in ["bash_", "computer_", "memory_", "text_editor_"]
	text.begins(tool.type, start)
}

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
	some name, value in body
	name == "tools"
	not is_array(value)
}

hosts_tool if {
	body := input.parsed_body
	is_object(body)
	some name, _ in body
	name in {"container", "mcp_servers"}
}

# METADATA
# title: Nothing here allows it
# custom:
#   code: not_permitted
#   agent: use messages
reasons contains {
	"code": "not_permitted",
	"message": "Agents may send messages, count their tokens and list models.",
} if not permitted

# METADATA
# title: Another model
# custom:
#   code: model_not_listed
#   agent: use a model that is listed
reasons contains {"code": "model_not_listed", "message": "Agents use the models that are listed."} if {
	asks
	not names_listed_model
}

# METADATA
# title: An answer that may become too long
# custom:
#   code: answer_unbounded
#   agent: set max_tokens within the limit
reasons contains {"code": "answer_unbounded", "message": "Set max_tokens within the limit."} if {
	generates
	not is_bounded
}

# METADATA
# title: A tool that the provider runs
# custom:
#   code: hosted_tool
#   agent: use tools of your own, and run them yourself
reasons contains {
	"code": "hosted_tool",
	"message": "Tools that the provider runs reach out past this policy: use your own.",
} if {
	asks
	hosts_tool
}
