package lib.form_test

import data.lib.form

sent := {"amount": ["500"], "currency": ["eur"], "tag": ["a", "b"], "note": [" "]}

test_a_name_with_one_value_is_read if {
	form.is(sent, "currency", "eur")
	form.among(sent, "currency", {"eur", "usd"})
	form.filled(sent, "amount")
	form.digits_at_most(sent, "amount", "500")
	form.names_among(sent, {"amount", "currency", "tag", "note"})
	not form.digits_at_most(sent, "amount", "499")
	not form.filled(sent, "note")
	not form.names_among(sent, {"amount"})
}

test_a_name_with_several_values_is_not if {
	not form.is(sent, "tag", "a")
	not form.is(sent, "tag", "b")
	not form.among(sent, "tag", {"a", "b"})
	not form.filled(sent, "tag")
	not form.digits_at_most({"amount": ["1", "9"]}, "amount", "5")
}

test_what_is_no_form_has_no_names if {
	every value in [null, false, 5, "amount", [], ["amount"], {"amount": "5"}, {"amount": 5}, {"amount": null}] {
		not form.is(value, "amount", "5")
		not form.among(value, "amount", {"5", 5, null})
		not form.filled(value, "amount")
		not form.digits_at_most(value, "amount", "500")
	}
	not form.names_among(null, {"a"})
	not form.names_among(["a"], {"a", 0})
}
