package countersign.authz_test

import data.countersign.authz

demo_agent := "spiffe://dev.local/agent/demo-agent"

request(agent, method, body) := {
	"attributes": {"request": {"http": {"method": method}}},
	"countersign": {"principal": {"spiffe_id": agent}},
	"parsed_body": body,
}

call(tool) := {
	"jsonrpc": "2.0",
	"id": 1,
	"method": "tools/call",
	"params": {"name": tool, "arguments": {}},
}

codes(answer) := {reason.code | some reason in answer.reasons}

test_a_tool_on_the_list_may_be_called if {
	answer := authz.decision with input as request(demo_agent, "POST", call("echo"))
	answer == {"allowed": true, "reasons": set()}
}

test_another_tool_may_not if {
	every tool in ["get-env", "Echo", "echo ", null] {
		answer := authz.decision with input as request(demo_agent, "POST", call(tool))
		answer.allowed == false
		codes(answer) == {"tool_not_allowed"}
	}
}

test_an_agent_may_look_around if {
	every method in ["initialize", "notifications/initialized", "ping", "tools/list"] {
		authz.allowed with input as request(demo_agent, "POST", {"method": method})
	}
	authz.allowed with input as request(demo_agent, "GET", null)
	authz.allowed with input as request(demo_agent, "DELETE", null)
}

test_other_messages_are_denied if {
	every body in [{"method": "resources/read"}, {"id": 1, "result": {}}, [call("echo")], null] {
		answer := authz.decision with input as request(demo_agent, "POST", body)
		answer.allowed == false
		codes(answer) == {"method_not_allowed"}
	}
}

test_an_unknown_agent_may_nothing if {
	answer := authz.decision with input as request("spiffe://dev.local/agent/x", "POST", call("echo"))
	answer.allowed == false
	codes(answer) == {"unknown_agent"}
}
