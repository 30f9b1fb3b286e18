package countersign.packs.slack_test

import data.countersign.packs.slack

settings := {"channels": ["C1", "C2"]}

request(method, call, query, body) := {
	"attributes": {"request": {"http": {"method": method}}},
	"countersign": {"request": {"segments": ["api", call]}},
	"parsed_query": query,
	"parsed_body": body,
}

codes(answer) := {reason.code | some reason in answer.reasons}

said(method, call, query, body) := codes(answer) if {
	answer := slack.decision with input as request(method, call, query, body) with data.packs.slack as settings
	answer.allowed == false
}

post(body) := said("POST", "chat.postMessage", {}, body)

test_reading_is_allowed if {
	answer := slack.decision with input as request("GET", "conversations.history", {"channel": ["C9"]}, null)
	answer.allowed == true
}

test_a_plain_message_to_a_listed_channel_is_allowed if {
	json := slack.decision with input as request("POST", "chat.postMessage", {}, {"channel": "C1", "text": "done @here"})
		with data.packs.slack as settings
	json.allowed == true
	form := slack.decision with input as request("POST", "chat.postMessage", {}, {"channel": ["C1"], "text": ["done"]})
		with data.packs.slack as settings
	form.allowed == true
}

# The mistake: `chat.delete` and its like are called by GET, and look like a read.
test_a_write_by_get_is_denied if {
	deleted := slack.decision with input as request("GET", "chat.delete", {"channel": ["C1"], "ts": ["1"]}, null)
		with data.packs.slack as settings
	codes(deleted) == {"not_permitted"}
	posted := slack.decision with input as request("GET", "chat.postMessage", {"channel": ["C1"], "text": ["x"]}, null)
		with data.packs.slack as settings
	codes(posted) == {"channel_not_listed", "write_in_query"}
	said("POST", "chat.postMessage", {"channel": ["C9"]}, {"channel": "C1", "text": "x"}) == {"write_in_query"}
	said("GET", "conversations.archive", {"channel": ["C1"]}, null) == {"not_permitted"}
}

# The mistake: a helpful `<!channel>` wakes four thousand people.
test_a_message_to_everybody_is_denied if {
	answer := slack.decision with input as request("POST", "chat.postMessage", {}, {"channel": "C1", "text": "<!channel> done"})
		with data.packs.slack as settings
	codes(answer) == {"broadcast"}
	post({"channel": "C1", "text": "<!here|here> done"}) == {"broadcast"}
	post({"channel": ["C1"], "text": ["<!everyone>"]}) == {"broadcast"}
	post({"channel": "C1", "text": "@channel", "link_names": true}) == {"not_plain"}
	post({"channel": "C1", "text": "@channel", "parse": "full"}) == {"not_plain"}
	post({"channel": "C1", "text": "a", "blocks": [{"type": "section"}]}) == {"not_plain"}
}

test_another_channel_is_denied if {
	answer := slack.decision with input as request("POST", "chat.postMessage", {}, {"channel": "C9", "text": "x"})
		with data.packs.slack as settings
	codes(answer) == {"channel_not_listed"}
	post({"channel": "#general", "text": "x"}) == {"channel_not_listed"}
	post({"channel": ["C1", "C9"], "text": ["x"]}) == {"channel_not_listed"}
	post({"text": "x"}) == {"channel_not_listed"}
	post(null) == {"channel_not_listed"}
}

test_a_token_of_its_own_is_denied if {
	answer := slack.decision with input as request("GET", "users.list", {"token": ["xoxb"]}, null)
	codes(answer) == {"token_in_request"}
}

test_administration_is_denied if {
	every call in ["admin.users.remove", "conversations.invite", "files.upload", "users.profile.set", "chat.scheduleMessage"] {
		said("POST", call, {}, {"channel": "C1"}) == {"not_permitted"}
	}
}

test_no_request_is_denied if {
	not slack.allowed with input as {}
}
