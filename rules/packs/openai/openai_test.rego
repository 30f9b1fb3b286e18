package countersign.packs.openai_test

import data.countersign.packs.openai

settings := {"max_tokens": 1000, "models": ["gpt-small"]}

request(method, path, body) := {
	"attributes": {"request": {"http": {"method": method}}},
	"countersign": {"request": {"segments": split(trim_prefix(path, "/"), "/")}},
	"parsed_body": body,
}

chat(more) := object.union({"model": "gpt-small", "messages": [], "max_completion_tokens": 500}, more)

codes(answer) := {reason.code | some reason in answer.reasons}

said(method, path, body) := codes(answer) if {
	answer := openai.decision with input as request(method, path, body) with data.packs.openai as settings
	answer.allowed == false
}

test_bounded_inference_is_allowed if {
	answer := openai.decision with input as request("POST", "/v1/chat/completions", chat({})) with data.packs.openai as settings
	answer.allowed == true
	response := openai.decision with input as request("POST", "/v1/responses", {"model": "gpt-small", "max_output_tokens": 10})
		with data.packs.openai as settings
	response.allowed == true
	embedding := openai.decision with input as request("POST", "/v1/embeddings", {"model": "gpt-small", "input": "a"})
		with data.packs.openai as settings
	embedding.allowed == true
	openai.allowed with input as request("GET", "/v1/models", null)
}

test_another_model_is_denied if {
	answer := openai.decision with input as request("POST", "/v1/chat/completions", chat({"model": "gpt-huge"}))
		with data.packs.openai as settings
	codes(answer) == {"model_not_listed"}
	said("POST", "/v1/embeddings", null) == {"model_not_listed"}
}

# The mistake: a limit that `null`, text, or a second member slips past.
test_an_unbounded_answer_is_denied if {
	answer := openai.decision with input as request("POST", "/v1/responses", {"model": "gpt-small"})
		with data.packs.openai as settings
	codes(answer) == {"answer_unbounded"}
	every value in [null, false, "500", [1], 1001] {
		said("POST", "/v1/chat/completions", chat({"max_completion_tokens": value})) == {"answer_unbounded"}
	}
	said("POST", "/v1/chat/completions", chat({"max_tokens": 900000})) == {"answer_unbounded"}
	said("POST", "/v1/chat/completions", chat({"max_tokens": null})) == {"answer_unbounded"}
}

# The mistake: `n: 100` costs a hundred answers.
test_many_answers_are_denied if {
	answer := openai.decision with input as request("POST", "/v1/chat/completions", chat({"n": 100}))
		with data.packs.openai as settings
	codes(answer) == {"several_answers"}
	said("POST", "/v1/chat/completions", chat({"n": "100"})) == {"several_answers"}
	openai.allowed with input as request("POST", "/v1/chat/completions", chat({"n": 1})) with data.packs.openai as settings
}

# The mistake: a hosted tool fetches, runs code, or calls another server, past every rule here.
test_a_tool_that_the_provider_runs_is_denied if {
	body := {"model": "gpt-small", "max_output_tokens": 10, "tools": [{"type": "mcp", "server_url": "https://evil.example"}]}
	answer := openai.decision with input as request("POST", "/v1/responses", body) with data.packs.openai as settings
	codes(answer) == {"hosted_tool"}
	every tools in [[{"type": "web_search"}], [{"type": "function"}, {"type": "code_interpreter"}], [{}], "all"] {
		said("POST", "/v1/responses", object.union(body, {"tools": tools})) == {"hosted_tool"}
	}
	said("POST", "/v1/chat/completions", chat({"web_search_options": {}})) == {"hosted_tool"}
	openai.allowed with input as request("POST", "/v1/responses", object.union(body, {"tools": [{"type": "function"}]}))
		with data.packs.openai as settings
}

test_everything_else_is_denied if {
	every path in ["/v1/files", "/v1/fine_tuning/jobs", "/v1/organization/users", "/v1/assistants", "/v1/batches"] {
		said("POST", path, chat({})) == {"not_permitted"}
		said("GET", path, null) == {"not_permitted"}
	}
	said("DELETE", "/v1/models/ft-1", null) == {"not_permitted"}
	said("GET", "/v1/chat/completions", null) == {"not_permitted"}
}

test_no_request_is_denied if {
	not openai.allowed with input as {}
}
