//! `NextToken`: where the next page begins, opaque to clients and good only for the same question.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ApiError;
use super::request::Request;

/// The token that asks for what comes behind `place`.
pub(super) fn write(request: &Request, place: &impl Serialize) -> Result<String, ApiError> {
    let place = serde_json::to_vec(place).map_err(|error| ApiError::internal(error.to_string()))?;
    let bytes = [request.fingerprint().to_be_bytes().as_slice(), &place].concat();
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// The place behind which the page that is asked for begins; `None` for the first page.
pub(super) fn read<T: DeserializeOwned>(request: &Request) -> Result<Option<T>, ApiError> {
    let Some(token) = request.next_token()? else { return Ok(None) };
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    let (fingerprint, place) = bytes.split_first_chunk().ok_or_else(invalid)?;
    if u64::from_be_bytes(*fingerprint) != request.fingerprint() {
        return Err(invalid());
    }
    serde_json::from_slice(place).map(Some).map_err(|_| invalid())
}

/// For operations that answer everything on their first page, and so never give a token.
pub(super) fn refuse(request: &Request) -> Result<(), ApiError> {
    match request.next_token()? {
        Some(_) => Err(invalid()),
        None => Ok(()),
    }
}

fn invalid() -> ApiError {
    ApiError::invalid(
        "Invalid NextToken: it is only valid with the parameters of the answer that it came with",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_is_good_for_the_same_question_only() {
        let first = Request::of(json!({"StartTime": 1, "FilterExpression": "ok"}));
        let token = write(&first, &(7_i64, "id")).unwrap();
        let again =
            |filter| Request::of(json!({"StartTime": 1, "FilterExpression": filter, "NextToken": token}));
        assert_eq!(read::<(i64, String)>(&again("ok")).unwrap(), Some((7, "id".to_owned())));
        assert_eq!(read::<(i64, String)>(&first).unwrap(), None);
        assert!(read::<(i64, String)>(&again("fault")).is_err());
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for token in [json!(""), json!("x"), json!("AAAAAAAAAAAAAAAAAAA"), json!("é"), json!(1)] {
            let request = Request::of(json!({"NextToken": token}));
            assert!(read::<(i64, String)>(&request).is_err(), "{token}");
            assert!(refuse(&request).is_err(), "{token}");
        }
        refuse(&Request::of(json!({}))).unwrap();
    }
}
