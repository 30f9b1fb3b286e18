package countersign.packs.mcp_test

import data.countersign.packs.mcp

settings := {
	"prompts": ["summary"],
	"resources": ["file:///work/"],
	"tools": {
		"read_file": {"harmless": true, "arguments": {"path": {"below": "/work"}}},
		"search": {"harmless": true, "others": true, "arguments": {}},
		"pay": {"arguments": {
			"amount": {"at_most": 5000},
			"currency": {"among": ["eur", "usd"]},
			"note": {"any": true},
		}},
		"odd": {"harmless": true, "arguments": {"a": {"any": true, "is": 1}}},
	},
}

message(more) := {"countersign": {"mcp": object.union(
	{
		"kind": "request", "method": "tools/call", "tool": null, "prompt": null, "resource": null,
		"task": null, "arguments": null, "listing": false, "definition": null,
	},
	more,
)}}

call(tool, arguments) := message({"tool": tool, "arguments": arguments})

codes(answer) := {reason.code | some reason in answer.reasons}

said(request) := codes(answer) if {
	answer := mcp.decision with input as request with data.packs.mcp as settings
	answer.allowed == false
}

test_looking_around_is_allowed if {
	answer := mcp.decision with input as message({"method": "tools/list"}) with data.packs.mcp as settings
	answer.allowed == true
	mcp.allowed with input as message({"kind": "stream", "method": null})
	mcp.allowed with input as message({"kind": "notification", "method": "notifications/initialized"})
}

test_a_listed_tool_with_fitting_arguments_is_allowed if {
	answer := mcp.decision with input as call("read_file", {"path": "/work/a.txt"}) with data.packs.mcp as settings
	answer.allowed == true
	mcp.allowed with input as call("search", {"query": "x"}) with data.packs.mcp as settings
}

test_another_tool_is_denied if {
	answer := mcp.decision with input as call("write_file", {"path": "/work/a.txt"}) with data.packs.mcp as settings
	codes(answer) == {"not_permitted"}
	said(call(null, {})) == {"not_permitted"}
	said(message({"method": "sampling/createMessage"})) == {"not_permitted"}
}

# The mistake: the tool is allowed, and its argument leaves the folder.
test_an_argument_that_leaves_its_folder_is_denied if {
	answer := mcp.decision with input as call("read_file", {"path": "/work/../etc/passwd"}) with data.packs.mcp as settings
	codes(answer) == {"argument_not_allowed"}
	every arguments in [{"path": "/etc/passwd"}, {"path": "/workshop/a"}, {"path": ["/work/a"]}, {}, null, {"path": "/work/a", "follow": true}] {
		said(call("read_file", arguments)) == {"argument_not_allowed"}
	}
}

# The mistake: a limit that null, text, or another currency slips past.
test_a_value_beyond_its_limit_is_denied if {
	answer := mcp.decision with input as call("pay", {"amount": null, "currency": "eur", "note": "x"}) with data.packs.mcp as settings
	"argument_not_allowed" in codes(answer)
	not answer.approval
	every arguments in [
		{"amount": 5001, "currency": "eur", "note": ""}, {"amount": "1", "currency": "eur", "note": ""},
		{"amount": 1, "currency": "btc", "note": ""}, {"amount": 1, "currency": "eur"},
	] {
		"argument_not_allowed" in said(call("pay", arguments))
	}
}

# The mistake: a tool that the server calls read-only, and that deletes.
test_a_tool_that_is_not_called_harmless_waits_for_a_person if {
	answer := mcp.decision with input as call("pay", {"amount": 5000, "currency": "eur", "note": ""}) with data.packs.mcp as settings
	answer.allowed == false
	answer.approval.quorum == 1
	codes(answer) == {"tool_needs_approval"}
}

# The mistake: a server changes what a tool does after somebody has looked at it.
test_a_tool_that_is_described_otherwise_is_denied if {
	changed := object.union(call("read_file", {"path": "/work/a"}).countersign.mcp, {"definition": {"digest": "sha256:1", "changed": true}})
	answer := mcp.decision with input as {"countersign": {"mcp": changed}} with data.packs.mcp as settings
	codes(answer) == {"definition_changed"}
}

test_a_list_shows_what_may_be_called if {
	offered := mcp.decision with input as message({"tool": "pay", "listing": true}) with data.packs.mcp as settings
	offered.allowed == true
	hidden := mcp.decision with input as message({"tool": "write_file", "listing": true}) with data.packs.mcp as settings
	hidden.allowed == false
}

test_prompts_and_resources_are_listed if {
	mcp.allowed with input as message({"method": "prompts/get", "prompt": "summary"}) with data.packs.mcp as settings
	mcp.allowed with input as message({"method": "resources/read", "resource": "file:///work/a"}) with data.packs.mcp as settings
	said(message({"method": "prompts/get", "prompt": "other"})) == {"not_permitted"}
	said(message({"method": "resources/read", "resource": "file:///work/../etc/passwd"})) == {"not_permitted"}
	said(message({"method": "resources/read", "resource": "file:///etc/passwd"})) == {"not_permitted"}
}

test_two_matchers_in_one_fit_nothing if {
	said(call("odd", {"a": 1})) == {"argument_not_allowed"}
}

test_no_message_is_denied if {
	not mcp.allowed with input as {}
	not mcp.allowed with input as {"countersign": {"mcp": null}}
}

pinned := {"prompts": [], "resources": [], "tools": {"read_file": {
	"harmless": true, "others": true, "arguments": {}, "digest": "sha256:1",
}}}

described(definition) := codes(answer) if {
	request := message({"tool": "read_file", "arguments": {}, "definition": definition})
	answer := mcp.decision with input as request with data.packs.mcp as pinned
}

# The mistake: the first description that a process sees counts as the approved one.
test_a_pin_outlives_the_process_that_saw_the_tool_first if {
	described({"digest": "sha256:2", "changed": false}) == {"definition_changed"}
	described(null) == {"definition_unseen"}
}

test_a_tool_that_is_as_it_was_pinned_is_allowed if {
	described({"digest": "sha256:1", "changed": false}) == set()

	# It had changed, and is again what was approved.
	described({"digest": "sha256:1", "changed": true}) == set()
}

# The mistake: a pin that is no digest, and so holds nothing.
test_a_pin_that_is_no_text_fits_no_tool if {
	request := message({"tool": "read_file", "arguments": {}, "definition": {"digest": "sha256:1", "changed": false}})
	every pin in [null, 1, ["sha256:1"]] {
		odd := json.patch(pinned, [{"op": "replace", "path": "/tools/read_file/digest", "value": pin}])
		answer := mcp.decision with input as request with data.packs.mcp as odd
		codes(answer) == {"definition_changed"}
	}
}

test_the_reason_names_the_digest_to_pin if {
	request := message({"tool": "read_file", "arguments": {}, "definition": {"digest": "sha256:2", "changed": true}})
	answer := mcp.decision with input as request with data.packs.mcp as pinned
	some reason in answer.reasons
	contains(reason.message, "sha256:2")
}
