package countersign.refunds_test

import data.countersign.refunds

refund(body, approval) := {"countersign": {"approval": approval}, "parsed_body": body}

test_a_refund_asks_a_person_whatever_it_is if {
	every body in [{"amount": 250}, {"amount": 1}, {}, null] {
		answer := refunds.decision with input as refund(body, null)
		answer.allowed == false
		answer.approval.quorum == 1
	}
}

test_what_was_agreed_to_is_allowed if {
	refunds.decision.allowed with input as refund({"amount": 250}, {"digest": "sha-256:00"})
}
