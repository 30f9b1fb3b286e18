package lib.mcp_test

import data.lib.mcp

call(tool, arguments) := {
	"kind": "request",
	"method": "tools/call",
	"tool": tool,
	"arguments": arguments,
	"listing": false,
}

test_a_call_is_known_by_its_tool if {
	mcp.calls(call("read_file", {}), "read_file")
	mcp.calls_any(call("read_file", {}), {"read_file", "stat"})
	not mcp.calls(call("write_file", {}), "read_file")
	not mcp.calls_any(call("write_file", {}), {"read_file", "stat"})
	not mcp.calls({"method": "tools/list", "tool": "read_file"}, "read_file")
}

test_arguments_are_matched_by_value if {
	mcp.argument_is(call("pay", {"currency": "eur"}), "currency", "eur")
	mcp.argument_among(call("pay", {"currency": "eur"}), "currency", {"eur", "usd"})
	mcp.argument_at_most(call("pay", {"amount": 50}), "amount", 50)
	mcp.argument_begins(call("fetch", {"url": "https://example.org/a"}), "url", "https://example.org/")
	not mcp.argument_is(call("pay", {"currency": "usd"}), "currency", "eur")
	not mcp.argument_is(call("pay", {}), "currency", null)
	not mcp.argument_among(call("pay", {"currency": "jpy"}), "currency", {"eur", "usd"})
	not mcp.argument_at_most(call("pay", {"amount": 51}), "amount", 50)
	not mcp.argument_begins(call("fetch", {"url": "https://example.org.evil/"}), "url", "https://example.org/")
}

test_a_path_stays_below_its_folder if {
	mcp.argument_below(call("read", {"path": "/work/a/b.txt"}), "path", "/work")
	mcp.argument_below(call("read", {"path": "/work/a"}), "path", "/work/")
	every path in [
		"/work", "/workshop/a", "/work/../etc/passwd", "/work/a/..", "/work/./a", "/work//a",
		"/work/%2e%2e/etc", "/work/..\\etc", "work/a", "",
	] {
		not mcp.argument_below(call("read", {"path": path}), "path", "/work")
	}
}

test_no_other_argument_slips_in if {
	mcp.argument_names_among(call("pay", {"amount": 1, "currency": "eur"}), {"amount", "currency"})
	mcp.argument_names_among(call("pay", {}), {"amount"})
	not mcp.argument_names_among(call("pay", {"amount": 1, "to": "x"}), {"amount"})
}

test_what_is_only_offered_has_no_arguments if {
	offered := {"method": "tools/call", "tool": "pay", "arguments": null, "listing": true}
	mcp.offered(offered)
	mcp.calls(offered, "pay")
	not mcp.offered(call("pay", {}))
	not mcp.argument_is(offered, "amount", null)
	not mcp.argument_at_most(offered, "amount", 5)
	not mcp.argument_names_among(offered, {"amount"})
}

test_what_is_of_another_type_never_matches if {
	every value in [null, false, true, "50", [], {}] {
		not mcp.argument_at_most(call("pay", {"amount": value}), "amount", 50)
	}
	every value in [null, false, 5, ["/work/a"], {}] {
		not mcp.argument_begins(call("read", {"path": value}), "path", "/")
		not mcp.argument_below(call("read", {"path": value}), "path", "/work")
	}
	every message in [null, false, 5, "tools/call", [], {}] {
		not mcp.calls(message, "pay")
		not mcp.calls_any(message, {"pay"})
		not mcp.offered(message)
		not mcp.argument_is(message, "a", 1)
		not mcp.argument_names_among(message, {"a"})
	}
	not mcp.argument_names_among(call("pay", ["amount"]), {0, "amount"})
}
