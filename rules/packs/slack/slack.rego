# METADATA
# title: Slack's Web API
# description: >-
#   An agent reads, and posts plain messages to channels that are listed. The path names the method, and
#   Slack takes most of them by GET as well, so only the name says whether something is written.
# schemas:
#   - input: schema.input
package countersign.packs.slack

import data.lib.form
import data.lib.text

# METADATA
# title: The answer
# entrypoint: true
decision := {"allowed": allowed, "reasons": reasons}

# METADATA
# title: Allowed is what is named below, and nothing that is said against it
default allowed := false

allowed if {
	permitted
	count(reasons) == 0
}

# METADATA
# title: Methods that only read
reads if {
	is_call
	input.countersign.request.segments[1] in {
		"api.test", "auth.test", "bots.info", "conversations.history", "conversations.info",
		"conversations.list", "conversations.members", "conversations.replies", "emoji.list",
		"reactions.get", "team.info", "users.info", "users.list",
	}
}

# METADATA
# title: Methods that write, and that agents may use
writes if {
	is_call
	input.countersign.request.segments[1] in {"chat.postMessage", "chat.update", "reactions.add"}
}

# METADATA
# title: A call, "/api/METHOD"
is_call if {
	input.countersign.request.segments[0] == "api"
	count(input.countersign.request.segments) == 2
	input.attributes.request.http.method in {"GET", "POST"}
}

permitted if reads

permitted if writes

# METADATA
# title: The message goes to a channel that is listed, by its id
is_to_listed if input.parsed_body.channel in data.packs.slack.channels

is_to_listed if form.among(input.parsed_body, "channel", data.packs.slack.channels)

# METADATA
# title: The text rings for everybody
broadcasts if rings(input.parsed_body.text)

broadcasts if {
	values := input.parsed_body.text
	is_array(values)
	some value in values
	rings(value)
}

rings(words) if text.holds(words, "<!channel")

rings(words) if text.holds(words, "<!here")

rings(words) if text.holds(words, "<!everyone")

rings(words) if text.holds(words, "<!subteam")

# METADATA
# title: Members that make Slack find mentions in plain text, or that carry text this pack does not read
enriches if {
	some name in ["attachments", "blocks", "link_names", "metadata", "parse", "username"]
	input.parsed_body[name]
}

# METADATA
# title: Nothing here allows it
# custom:
#   code: not_permitted
#   agent: read, or post to a channel that is yours
reasons contains {
	"code": "not_permitted",
	"message": "Agents may read, post messages and add reactions.",
} if not permitted

# METADATA
# title: A write by GET, or with arguments in the query
# custom:
#   code: write_in_query
#   agent: send a POST with the arguments in its body
reasons contains {
	"code": "write_in_query",
	"message": "A method that writes is called by POST, with its arguments in the body alone.",
} if {
	writes
	not is_clean_post
}

# METADATA
# title: A POST whose query is empty
is_clean_post if {
	input.attributes.request.http.method == "POST"
	count(input.parsed_query) == 0
}

# METADATA
# title: A token of the agent's own
# custom:
#   code: token_in_request
#   agent: leave out `token`
reasons contains {
	"code": "token_in_request",
	"message": "The credential is added on the way; a request carries none.",
} if has_token

has_token if input.parsed_query.token

has_token if input.parsed_body.token

# METADATA
# title: Another channel
# custom:
#   code: channel_not_listed
#   agent: post to a channel that is listed, by its id
reasons contains {
	"code": "channel_not_listed",
	"message": "Agents write to the channels that are listed, and name them by id.",
} if {
	writes
	not is_to_listed
}

# METADATA
# title: A message that rings for everybody
# custom:
#   code: broadcast
#   agent: leave out channel-wide mentions
reasons contains {
	"code": "broadcast",
	"message": "Agents do not mention a whole channel.",
} if {
	writes
	broadcasts
}

# METADATA
# title: More than plain text
# custom:
#   code: not_plain
#   agent: send `text` alone
reasons contains {
	"code": "not_plain",
	"message": "Agents send plain text: no blocks, attachments, link_names, parse or username.",
} if {
	writes
	enriches
}
