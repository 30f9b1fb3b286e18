package lib.text_test

import data.lib.text

test_text_is_compared if {
	text.begins("orders/7", "orders/")
	text.ends("a.pdf", ".pdf")
	text.holds("to <!channel>", "<!channel>")
	text.same("Content-Type", "content-type")
	text.filled(" a ")
	text.of("a") == "a"
	not text.begins("order", "orders/")
	not text.ends("pdf", ".pdf")
	not text.holds("channel", "<!channel>")
	not text.same("a", "b")
	not text.filled(" \t\n")
}

test_length_is_counted_in_characters if {
	text.at_most("aé", 2)
	text.at_most("", 0)
	not text.at_most("abc", 2)
}

test_what_is_no_text_never_answers if {
	every value in [null, false, true, 5, [], ["a"], {}, {"a": "a"}] {
		not text.begins(value, "")
		not text.ends(value, "")
		not text.holds(value, "")
		not text.same(value, "a")
		not text.filled(value)
		not text.at_most(value, 100)
		not text.of(value)
		not text.begins("a", value)
		not text.ends("a", value)
		not text.holds("a", value)
		not text.same("a", value)
	}
}

test_numbers_in_digits_are_compared_as_numbers if {
	text.digits_at_most("5", "50")
	text.digits_at_most("50", "50")
	text.digits_at_most("0", "0")
	text.digits_at_most("99999999999999999999", "100000000000000000000")
	not text.digits_at_most("51", "50")
	not text.digits_at_most("500", "50")
	not text.digits_at_most("9", "10000") == false
	every value in ["", "-1", "+1", "1.0", "1e3", "0x1", "01", " 1", "1 ", "٣", null, 5, ["5"]] {
		not text.is_digits(value)
		not text.digits_at_most(value, "1000")
		not text.digits_at_most("1", value)
	}
}
