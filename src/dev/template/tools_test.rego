package countersign.tools_test

import data.countersign.authz

message(agent, fields) := {
	"attributes": {"request": {"http": {"method": "POST"}}},
	"countersign": {
		"mcp": object.union(
			{
				"kind": "request", "method": "tools/call", "listing": false,
				"tool": null, "prompt": null, "resource": null, "arguments": {},
			},
			fields,
		),
		"principal": {"spiffe_id": agent},
	},
	"parsed_path": ["mcp"],
}

demo_agent := "spiffe://dev.local/agent/demo-agent"

refund(amount) := message(demo_agent, {"tool": "refund", "arguments": {"amount": amount}})

codes(answer) := {reason.code | some reason in answer.reasons}

test_the_protocol_itself_is_allowed if {
	authz.decision.allowed with input as message(demo_agent, {"method": "tools/list"})
}

test_a_small_refund_is_allowed if {
	every amount in [0.01, 1, 100] {
		authz.decision.allowed with input as refund(amount)
	}
}

test_a_large_refund_is_denied_with_its_reason_alone if {
	every amount in [100.01, 0, -1, "1", null, true] {
		answer := authz.decision with input as refund(amount)
		answer.allowed == false
		codes(answer) == {"refund_too_large"}
	}
}

test_a_refund_without_an_amount_is_denied if {
	answer := authz.decision with input as message(demo_agent, {"tool": "refund"})
	codes(answer) == {"refund_too_large"}
}

test_a_list_shows_what_some_call_may_do if {
	listed := {"listing": true, "arguments": null}
	shown := [tool |
		some tool in ["get_balance", "refund", "delete_customer"]
		question := message(demo_agent, object.union(listed, {"tool": tool}))
		authz.decision.allowed with input as question
	]
	shown == ["get_balance", "refund"]
}

test_another_tool_is_denied if {
	answer := authz.decision with input as message(demo_agent, {"tool": "delete_customer"})
	answer.allowed == false
	codes(answer) == {"tool_forbidden"}
}

test_an_unknown_agent_is_denied if {
	question := message("spiffe://other.local/agent/demo-agent", {"tool": "get_balance"})
	answer := authz.decision with input as question
	answer.allowed == false
	codes(answer) == {"unknown_agent"}
}
