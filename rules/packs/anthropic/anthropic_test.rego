package countersign.packs.anthropic_test

import data.countersign.packs.anthropic

settings := {"max_tokens": 1000, "models": ["claude-small"]}

request(method, path, body) := {
	"attributes": {"request": {"http": {"method": method}}},
	"countersign": {"request": {"segments": split(trim_prefix(path, "/"), "/")}},
	"parsed_body": body,
}

message(more) := object.union({"model": "claude-small", "messages": [], "max_tokens": 500}, more)

codes(answer) := {reason.code | some reason in answer.reasons}

said(method, path, body) := codes(answer) if {
	answer := anthropic.decision with input as request(method, path, body) with data.packs.anthropic as settings
	answer.allowed == false
}

test_a_bounded_message_is_allowed if {
	answer := anthropic.decision with input as request("POST", "/v1/messages", message({})) with data.packs.anthropic as settings
	answer.allowed == true
	counted := anthropic.decision with input as request("POST", "/v1/messages/count_tokens", {"model": "claude-small", "messages": []})
		with data.packs.anthropic as settings
	counted.allowed == true
	tools := [{"name": "a", "input_schema": {}}, {"type": "custom", "name": "b"}, {"type": "bash_20250124", "name": "bash"}]
	used := anthropic.decision with input as request("POST", "/v1/messages", message({"tools": tools}))
		with data.packs.anthropic as settings
	used.allowed == true
	anthropic.allowed with input as request("GET", "/v1/models", null)
}

test_another_model_is_denied if {
	answer := anthropic.decision with input as request("POST", "/v1/messages", message({"model": "claude-huge"}))
		with data.packs.anthropic as settings
	codes(answer) == {"model_not_listed"}
}

# The mistake: a limit that `null` or text slips past.
test_an_unbounded_answer_is_denied if {
	answer := anthropic.decision with input as request("POST", "/v1/messages", message({"max_tokens": null}))
		with data.packs.anthropic as settings
	codes(answer) == {"answer_unbounded"}
	every value in [false, "500", [1], 1001] {
		said("POST", "/v1/messages", message({"max_tokens": value})) == {"answer_unbounded"}
	}
	said("POST", "/v1/messages", {"model": "claude-small"}) == {"answer_unbounded"}
}

# The mistake: the provider fetches, runs code, or calls another server, past every rule here.
test_a_tool_that_the_provider_runs_is_denied if {
	answer := anthropic.decision with input as request("POST", "/v1/messages", message({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}))
		with data.packs.anthropic as settings
	codes(answer) == {"hosted_tool"}
	every tools in [[{"name": "a"}, {"type": "code_execution_20250522"}], [{"type": null}], ["bash"], "all"] {
		said("POST", "/v1/messages", message({"tools": tools})) == {"hosted_tool"}
	}
	said("POST", "/v1/messages", message({"mcp_servers": [{"url": "https://evil.example"}]})) == {"hosted_tool"}
}

# The mistake: a batch holds ten thousand messages, each with bounds of its own.
test_a_batch_is_denied if {
	answer := anthropic.decision with input as request("POST", "/v1/messages/batches", {"requests": [{"params": {"max_tokens": 100000}}]})
		with data.packs.anthropic as settings
	codes(answer) == {"not_permitted"}
}

test_everything_else_is_denied if {
	every path in ["/v1/files", "/v1/organizations/users", "/v1/complete"] {
		said("POST", path, message({})) == {"not_permitted"}
	}
	said("GET", "/v1/messages/batches", null) == {"not_permitted"}
}

test_no_request_is_denied if {
	not anthropic.allowed with input as {}
}
