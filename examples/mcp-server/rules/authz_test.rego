package countersign.authz_test

import data.countersign.authz

demo_agent := "spiffe://dev.local/agent/demo-agent"

request(agent, fields) := {"countersign": {
	"principal": {"spiffe_id": agent},
	"mcp": object.union(
		{
			"kind": "request", "method": null, "tool": null, "prompt": null, "resource": null,
			"arguments": null, "listing": false,
		},
		fields,
	),
}}

call(tool, arguments) := {"method": "tools/call", "tool": tool, "arguments": arguments}

codes(answer) := {reason.code | some reason in answer.reasons}

test_a_tool_on_the_list_may_be_called if {
	answer := authz.decision with input as request(demo_agent, call("echo", {}))
	answer == {"allowed": true, "reasons": set()}
}

test_another_tool_may_not if {
	every tool in ["get-env", "Echo", "echo ", null] {
		answer := authz.decision with input as request(demo_agent, call(tool, {}))
		answer.allowed == false
		codes(answer) == {"tool_not_allowed"}
	}
}

test_a_sum_is_judged_by_its_numbers if {
	authz.allowed with input as request(demo_agent, call("get-sum", {"a": 999, "b": 1}))
	every arguments in [{"a": 999, "b": 2}, {"a": "1", "b": 2}, {"a": null, "b": 2}, {}] {
		answer := authz.decision with input as request(demo_agent, call("get-sum", arguments))
		answer.allowed == false
		codes(answer) == {"sum_too_large"}
	}
}

test_a_list_shows_the_tools_that_may_be_called if {
	shown := [tool |
		some tool in ["echo", "get-env", "get-sum"]
		listed := object.union(call(tool, null), {"listing": true})
		authz.allowed with input as request(demo_agent, listed)
	]
	shown == ["echo", "get-sum"]
}

test_an_agent_may_look_around if {
	every method in ["initialize", "notifications/initialized", "ping", "tools/list"] {
		authz.allowed with input as request(demo_agent, {"method": method})
	}
	authz.allowed with input as request(demo_agent, {"kind": "stream"})
	authz.allowed with input as request(demo_agent, {"kind": "end"})
}

test_other_messages_are_denied if {
	every fields in [{"method": "resources/read", "resource": "file:///etc"}, {"kind": "response"}] {
		answer := authz.decision with input as request(demo_agent, fields)
		answer.allowed == false
		codes(answer) == {"method_not_allowed"}
	}
}

test_an_unknown_agent_may_nothing if {
	answer := authz.decision with input as request("spiffe://dev.local/agent/x", call("echo", {}))
	answer.allowed == false
	codes(answer) == {"unknown_agent"}
}
