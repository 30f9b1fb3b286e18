package countersign.packs.stripe_test

import data.countersign.packs.stripe

settings := {"accounts": ["acct_1"], "max_refund": "5000"}

request(method, path, headers, body) := {
	"attributes": {"request": {"http": {"method": method}}},
	"countersign": {"request": {
		"headers": headers,
		"segments": split(trim_prefix(path, "/"), "/"),
	}},
	"parsed_body": body,
}

once := {"idempotency-key": ["0192"]}

codes(answer) := {reason.code | some reason in answer.reasons}

said(method, path, headers, body) := codes(answer) if {
	answer := stripe.decision with input as request(method, path, headers, body) with data.packs.stripe as settings
	answer.allowed == false
}

test_reading_is_allowed if {
	answer := stripe.decision with input as request("GET", "/v1/charges/ch_1", {}, null)
	answer.allowed == true
}

test_a_small_refund_is_allowed if {
	answer := stripe.decision with input as request("POST", "/v1/refunds", once, {"charge": ["ch_1"], "amount": ["5000"]})
		with data.packs.stripe as settings
	answer.allowed == true
}

# The mistake: a refund without an amount refunds everything that is left of the charge.
test_a_refund_without_amount_refunds_everything if {
	answer := stripe.decision with input as request("POST", "/v1/refunds", once, {"charge": ["ch_1"]})
		with data.packs.stripe as settings
	answer.allowed == false
	not answer.approval
	codes(answer) == {"refund_without_amount"}
	every body in [{"charge": ["ch_1"], "amount": [""]}, {"charge": ["ch_1"], "amount": ["1", "900000"]}, {"amount": 1}, null] {
		said("POST", "/v1/refunds", once, body) == {"refund_without_amount"}
	}
}

# The mistake: 50.00 is meant, 5000 cents are said; or a limit that text slips past.
test_a_larger_refund_waits_for_a_person if {
	answer := stripe.decision with input as request("POST", "/v1/refunds", once, {"charge": ["ch_1"], "amount": ["5001"]})
		with data.packs.stripe as settings
	answer.allowed == false
	answer.approval.quorum == 1
	codes(answer) == {"refund_needs_approval"}
	every amount in ["10000", "1e2", "-1", "0x1", "50.00"] {
		said("POST", "/v1/refunds", once, {"charge": ["ch_1"], "amount": [amount]}) == {"refund_needs_approval"}
	}
}

# The mistake: the first try timed out, the second pays again.
test_a_refund_without_a_key_may_be_paid_twice if {
	answer := stripe.decision with input as request("POST", "/v1/refunds", {}, {"charge": ["ch_1"], "amount": ["1"]})
		with data.packs.stripe as settings
	codes(answer) == {"refund_not_repeatable"}
}

test_another_account_is_denied if {
	answer := stripe.decision with input as request("GET", "/v1/charges", {"stripe-account": ["acct_2"]}, null)
		with data.packs.stripe as settings
	codes(answer) == {"other_account"}
	own := stripe.decision with input as request("GET", "/v1/charges", {"stripe-account": ["acct_1"]}, null)
		with data.packs.stripe as settings
	own.allowed == true
}

test_notes_on_a_customer_are_allowed_and_no_more if {
	answer := stripe.decision with input as request("POST", "/v1/customers/cus_1", {}, {"metadata[ticket]": ["7"]})
	answer.allowed == true
	said("POST", "/v1/customers/cus_1", {}, {"metadata[a]": ["1"], "balance": ["-100"]}) == {"not_permitted"}
	said("POST", "/v1/customers/cus_1", {}, {}) == {"not_permitted"}
	said("POST", "/v1/customers/cus_1", {}, null) == {"not_permitted"}
}

test_charging_paying_out_and_deleting_are_denied if {
	every path in ["/v1/charges", "/v1/payouts", "/v1/transfers", "/v1/payment_intents", "/v1/refunds/re_1/cancel"] {
		said("POST", path, once, {"amount": ["1"]}) == {"not_permitted"}
	}
	said("DELETE", "/v1/customers/cus_1", {}, null) == {"not_permitted"}
}

test_no_request_is_denied if {
	not stripe.allowed with input as {}
}
