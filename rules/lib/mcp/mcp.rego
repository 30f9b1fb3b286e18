# METADATA
# title: MCP tool calls
# description: >-
#   Questions about `input.countersign.mcp`, one message to an MCP server. Where a list is about to show
#   a tool (`listing`), nobody knows the arguments yet: matchers of arguments then say nothing, and
#   `offered` says that the call is not asked for.
package lib.mcp

# METADATA
# title: A call of this tool
calls(message, tool) if {
	message.method == "tools/call"
	message.tool == tool
}

# METADATA
# title: A call of one of these tools
calls_any(message, tools) if {
	message.method == "tools/call"
	message.tool in tools
}

# METADATA
# title: A list is about to show the subject; nobody asks for it
offered(message) if message.listing == true

# METADATA
# title: The argument has this value
argument_is(message, name, wanted) if {
	arguments := message.arguments
	is_object(arguments)
	arguments[name] == wanted
}

# METADATA
# title: The argument has one of these values
argument_among(message, name, wanted) if {
	arguments := message.arguments
	is_object(arguments)
	arguments[name] in wanted
}

# METADATA
# title: The argument is a number no greater than the limit
argument_at_most(message, name, limit) if {
	arguments := message.arguments
	is_object(arguments)
	value := arguments[name]
	is_number(value)
	is_number(limit)
	value <= limit
}

# METADATA
# title: The argument is text that begins so
argument_begins(message, name, start) if {
	arguments := message.arguments
	is_object(arguments)
	value := arguments[name]
	is_string(value)
	is_string(start)
	startswith(value, start)
}

# METADATA
# title: The argument is a path below this folder
# description: >-
#   By whole segments, and never with `..`, an empty segment, a backslash or a percent sign, which
#   servers read in more than one way.
argument_below(message, name, folder) if {
	arguments := message.arguments
	is_object(arguments)
	below(arguments[name], folder)
}

# METADATA
# title: The path lies below the folder
below(value, folder) if {
	is_string(value)
	is_string(folder)
	startswith(value, concat("", [trim_suffix(folder, "/"), "/"]))
	is_plain(value)
}

# METADATA
# title: The call has no arguments but these
argument_names_among(message, names) if {
	arguments := message.arguments
	is_object(arguments)
	every name, _ in arguments {
		name in names
	}
}

# METADATA
# title: A path that can be read in one way only
is_plain(path) if {
	is_string(path)
	not contains(path, "\\")
	not contains(path, "%")
	every segment in split(trim_prefix(path, "/"), "/") {
		not segment in {"", ".", ".."}
	}
}
