package lib.address_test

import data.lib.address

test_an_address_lies_in_its_network if {
	address.within("10.20.30.40", "10.0.0.0/8")
	address.within("10.20.30.40", "10.20.0.0/16")
	address.within("10.20.30.40", "10.20.30.0/24")
	address.within("10.20.30.40", "10.20.30.40/32")
	address.within("192.0.2.7", "0.0.0.0/0")
}

test_a_prefix_may_end_inside_an_octet if {
	address.within("172.16.0.1", "172.16.0.0/12")
	address.within("172.31.255.255", "172.16.0.0/12")
	not address.within("172.32.0.0", "172.16.0.0/12")
	address.within("192.0.2.127", "192.0.2.0/25")
	not address.within("192.0.2.128", "192.0.2.0/25")
	address.within("192.0.2.131", "192.0.2.130/31")
	not address.within("192.0.2.132", "192.0.2.130/31")
}

test_an_address_beside_the_network_is_not_in_it if {
	not address.within("11.20.30.40", "10.0.0.0/8")
	not address.within("10.21.0.0", "10.20.0.0/16")
	not address.within("10.20.30.41", "10.20.30.40/32")
}

test_the_builtin_says_the_same if {
	every sample in ["10.0.0.1", "10.64.0.1", "10.127.255.255", "10.128.0.0", "172.20.1.9", "255.255.255.255"] {
		every network in ["10.0.0.0/9", "10.64.0.0/10", "172.16.0.0/12", "128.0.0.0/1", "10.0.0.0/13", "255.255.255.254/31"] {
			[address.within(sample, network) | address.within(sample, network)] == [true | net.cidr_contains(network, sample)]
		}
	}
}

test_what_is_no_address_lies_nowhere if {
	every value in [
		null, false, 5, "", "10", "10.0.0", "10.0.0.256", "10.0.0.01", "10.0.0.1.1", "10.0.0.x",
		"2001:db8::1", "::ffff:10.0.0.1", ["10.0.0.1"], {},
	] {
		not address.within(value, "0.0.0.0/0")
		not address.within_any(value, ["0.0.0.0/0"])
		not address.is_address(value)
	}
}

test_what_is_no_network_holds_nothing if {
	every value in [
		null, false, 5, "", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "/8", "10.0.0/8",
		"10.0.0.0/8/8", "::/0", [], {},
	] {
		not address.within("10.0.0.1", value)
	}
	not address.within_any("10.0.0.1", "10.0.0.0/8")
	not address.within_any("10.0.0.1", [])
}
