package countersign.authz_test

import data.countersign.authz

demo_agent := "spiffe://dev.local/agent/demo-agent"

request(agent, route, body) := {
	"countersign": {"principal": {"spiffe_id": agent}, "route": route},
	"parsed_body": body,
}

codes(answer) := {reason.code | some reason in answer.reasons}

test_a_model_on_the_list_may_be_used if {
	body := {"model": "gpt-small", "max_completion_tokens": 100, "messages": []}
	answer := authz.decision with input as request(demo_agent, "openai", body)
	answer == {"allowed": true, "reasons": set()}
}

test_each_route_has_its_own_list if {
	authz.allowed with input as request(demo_agent, "anthropic", {"model": "claude-small", "max_tokens": 4096})
	answer := authz.decision with input as request(demo_agent, "openai", {"model": "claude-small", "max_tokens": 10})
	answer.allowed == false
	codes(answer) == {"model_not_allowed"}
}

test_an_answer_without_a_bound_is_denied if {
	every body in [
		{"model": "gpt-small"},
		{"model": "gpt-small", "max_tokens": 4097},
		{"model": "gpt-small", "max_tokens": "1"},
		{"model": "gpt-small", "max_tokens": null},
	] {
		answer := authz.decision with input as request(demo_agent, "openai", body)
		answer.allowed == false
		codes(answer) == {"answer_unbounded"}
	}
}

test_a_body_that_is_no_object_is_denied if {
	every body in [null, [], "gpt-small"] {
		answer := authz.decision with input as request(demo_agent, "openai", body)
		answer.allowed == false
		codes(answer) == {"answer_unbounded", "model_not_allowed"}
	}
}

test_an_unknown_agent_may_nothing if {
	body := {"model": "gpt-small", "max_tokens": 1}
	answer := authz.decision with input as request("spiffe://dev.local/agent/x", "openai", body)
	answer.allowed == false
	codes(answer) == {"unknown_agent"}
}
