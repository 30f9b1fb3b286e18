# METADATA
# title: An MCP server
# description: >-
#   Tools may be called that are listed, with arguments that fit. A tool that is not called harmless
#   there waits for a person, whatever its server says of it; so does nothing else. The route needs
#   `protocol: mcp`. Lists are filtered by the same rules: what may not be called is not shown.
# schemas:
#   - input: schema.input
package countersign.packs.mcp

import data.lib.mcp as messages
import data.lib.number
import data.lib.text

# METADATA
# title: The answer; a tool that may do harm is what a person may agree to
# entrypoint: true
decision := {
	"allowed": false,
	"reasons": reasons,
	"approval": {"quorum": 1, "summary": "call of an MCP tool that may do harm", "risk": "high"},
} if {
	needs_approval
} else := {"allowed": allowed, "reasons": reasons}

# METADATA
# title: Allowed is what is named below, and nothing that is said against it
default allowed := false

allowed if {
	permitted
	count(reasons) == 0
}

# METADATA
# title: Messages that do nothing, or only ask what there is
permitted if {
	input.countersign.mcp.method in {
		"initialize", "ping", "logging/setLevel", "prompts/list", "resources/list",
		"resources/templates/list", "server/discover", "tools/list",
	}
}

permitted if input.countersign.mcp.kind in {"end", "notification", "response", "stream"}

permitted if is_known_tool

# METADATA
# title: Prompts that are listed
permitted if {
	input.countersign.mcp.method == "prompts/get"
	input.countersign.mcp.prompt in data.packs.mcp.prompts
}

# METADATA
# title: Resources that begin as listed
permitted if {
	input.countersign.mcp.method == "resources/read"
	uri := input.countersign.mcp.resource
	is_string(uri)
	not contains(uri, "..")
	not contains(uri, "%")
	some start in data.packs.mcp.resources
	text.begins(uri, start)
}

# METADATA
# title: A tool is called
is_call if input.countersign.mcp.method == "tools/call"

# METADATA
# title: The tool is listed
is_known_tool if {
	is_call
	entry := data.packs.mcp.tools[input.countersign.mcp.tool]
	is_object(entry)
}

# METADATA
# title: The tool is listed as one that does no harm
is_harmless if data.packs.mcp.tools[input.countersign.mcp.tool].harmless == true

# METADATA
# title: The tool's description was approved, and stays approved as long as its digest is this one
is_pinned if data.packs.mcp.tools[input.countersign.mcp.tool].digest

# METADATA
# title: Its server describes it as it was approved
is_as_pinned if {
	pin := data.packs.mcp.tools[input.countersign.mcp.tool].digest
	is_string(pin)
	input.countersign.mcp.definition.digest == pin
}

# METADATA
# title: Its server has listed it through this process
is_described if is_string(input.countersign.mcp.definition.digest)

# METADATA
# title: A list is about to show it; nobody asks for it yet
is_offered if messages.offered(input.countersign.mcp)

# METADATA
# title: Every argument that is listed is there and fits
arguments_fit if {
	entry := data.packs.mcp.tools[input.countersign.mcp.tool]
	is_object(entry)
	matchers := entry.arguments
	is_object(matchers)
	arguments := input.countersign.mcp.arguments
	is_object(arguments)
	every name, matcher in matchers {
		key := name
		fits(arguments[key], matcher)
	}
}

# METADATA
# title: There is no argument that is not listed
no_other_arguments if {
	entry := data.packs.mcp.tools[input.countersign.mcp.tool]
	is_object(entry)
	matchers := entry.arguments
	is_object(matchers)
	arguments := input.countersign.mcp.arguments
	is_object(arguments)
	every name, _ in arguments {
		key := name
		is_object(matchers[key])
	}
}

no_other_arguments if data.packs.mcp.tools[input.countersign.mcp.tool].others == true

# METADATA
# title: The value is what its one matcher asks for
fits(value, matcher) if {
	is_single(matcher)
	value == matcher.is
}

fits(value, matcher) if {
	is_single(matcher)
	value in matcher.among
}

fits(value, matcher) if {
	is_single(matcher)
	number.at_most(value, matcher.at_most)
}

fits(value, matcher) if {
	is_single(matcher)
	text.begins(value, matcher.begins)
}

fits(value, matcher) if {
	is_single(matcher)
	messages.below(value, matcher.below)
}

fits(_, matcher) if {
	is_single(matcher)
	matcher.any == true
}

# METADATA
# title: One condition; two would have to hold together, which nobody could see here
is_single(matcher) if {
	is_object(matcher)
	count(matcher) == 1
}

# METADATA
# title: A call against which nothing else is said
needs_approval if {
	is_known_tool
	not is_harmless
	not is_offered
	count({reason | some reason in reasons; reason.code != "tool_needs_approval"}) == 0
}

# METADATA
# title: Nothing here allows it
# custom:
#   code: not_permitted
#   agent: use a tool from the list
reasons contains {
	"code": "not_permitted",
	"message": "Agents may look around, and use the tools, prompts and resources that are listed.",
} if not permitted

# METADATA
# title: An argument that is missing, does not fit, or is not foreseen
# custom:
#   code: argument_not_allowed
#   agent: keep to the arguments and values that are allowed
reasons contains {
	"code": "argument_not_allowed",
	"message": "An argument is missing, has a value that is not allowed, or is not foreseen.",
} if {
	is_known_tool
	not is_offered
	not arguments_fit
}

# METADATA
# title: An argument beside those that are listed
# custom:
#   code: argument_not_allowed
#   agent: keep to the arguments and values that are allowed
reasons contains {
	"code": "argument_not_allowed",
	"message": "An argument is missing, has a value that is not allowed, or is not foreseen.",
} if {
	is_known_tool
	not is_offered
	not no_other_arguments
}

# METADATA
# title: The server describes the tool otherwise than when it was approved
# custom:
#   code: definition_changed
#   agent: wait until a person has looked at the tool again
reasons contains {
	"code": "definition_changed",
	"message": "The server describes this tool otherwise than before; a person has to look at it.",
} if {
	is_call
	not is_pinned
	input.countersign.mcp.definition.changed == true
}

# METADATA
# title: The server describes the tool otherwise than its pin says
# description: The digest in the message is what a person pins who has looked at the tool again.
# custom:
#   code: definition_changed
#   agent: wait until a person has looked at the tool again
reasons contains {
	"code": "definition_changed",
	"message": concat("", ["The server describes this tool otherwise than approved, a person has to look: ", seen]),
} if {
	is_call
	is_pinned
	seen := input.countersign.mcp.definition.digest
	is_string(seen)
	not is_as_pinned
}

# METADATA
# title: Nobody has listed the pinned tool yet, so nobody knows what its server says of it
# custom:
#   code: definition_unseen
#   agent: list the tools, then call this one
reasons contains {
	"code": "definition_unseen",
	"message": "This tool's description has not been seen yet: list the tools first.",
} if {
	is_call
	is_pinned
	not is_described
}

# METADATA
# title: A tool that may do harm
# custom:
#   code: tool_needs_approval
#   agent: wait for a person to agree
reasons contains {
	"code": "tool_needs_approval",
	"message": "A person has to agree to this tool.",
} if {
	is_known_tool
	not is_harmless
	not is_offered
}
