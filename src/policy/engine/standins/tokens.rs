//! JSON Web Tokens, taken apart. Nothing of them is verified: that is for the rules not to forget.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regorus::Value;

use crate::policy::engine::standins::digests::hex;
use crate::policy::engine::standins::{Refusal, Said, text};
use crate::route::json;

/// The header, the payload, and the signature in hexadecimal digits (RFC 7519).
pub(super) fn decode(args: &[Value]) -> Said {
    let parts: Vec<&str> = text(args, 0)?.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else {
        return Err(Refusal("encoded JWT must have 3 sections"));
    };
    let header = object(header)?;
    if header["enc"] != Value::Undefined {
        return Err(Refusal("JWT is a JWE object, which is not supported"));
    }
    if header["cty"] != Value::Undefined {
        return Err(Refusal("JWT holds another one, which is not supported"));
    }
    let signature = hex(&bytes(signature)?);
    Ok(vec![header, object(payload)?, signature].into())
}

fn bytes(part: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal("JWT had invalid encoding"))
}

/// One strict JSON object: of duplicate keys nobody could say which one was meant.
fn object(part: &str) -> Said {
    let not_one = || Refusal("a part of the JWT is not one strict JSON object");
    let bytes = bytes(part)?;
    json::check(&bytes).map_err(|_| not_one())?;
    let text = std::str::from_utf8(&bytes).map_err(|_| not_one())?;
    match Value::from_json_str(text) {
        Ok(object @ Value::Object(_)) => Ok(object),
        _ => Err(not_one()),
    }
}
