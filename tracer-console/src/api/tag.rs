//! A resource's tags, and what they may be.

use serde::{Deserialize, Serialize};

use super::error::{ApiError, ErrorKind};

/// A name and a value for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

/// AWS lets a resource have so many.
const MOST: usize = 50;

/// Adds tags to those of a resource; a tag of the same key is replaced.
pub(super) fn add(resource: &str, tags: &mut Vec<Tag>, added: Vec<Tag>) -> Result<(), ApiError> {
    let mut all = tags.clone();
    for tag in added {
        check(&tag)?;
        all.retain(|known| known.key != tag.key);
        all.push(tag);
    }
    if all.len() > MOST {
        let message = format!("a resource has at most {MOST} tags, and {resource} would have {}", all.len());
        return Err(ApiError::about(ErrorKind::TooManyTags, resource, message));
    }
    *tags = all;
    Ok(())
}

fn check(tag: &Tag) -> Result<(), ApiError> {
    let (key, value) = (tag.key.chars().count(), tag.value.chars().count());
    if !(1..=128).contains(&key) || value > 256 {
        return Err(ApiError::invalid("a tag's Key has 1 to 128 characters, its Value at most 256"));
    }
    if tag.key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        return Err(ApiError::invalid(format!(
            "the tag key {:?} is reserved: aws: is for AWS itself",
            tag.key
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag { key: key.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn a_tag_of_the_same_key_is_replaced() {
        let mut tags = vec![tag("team", "a"), tag("stage", "dev")];
        add("arn", &mut tags, vec![tag("team", "b")]).unwrap();
        assert_eq!(tags, [tag("stage", "dev"), tag("team", "b")]);
    }

    #[test]
    fn too_many_tags_change_nothing() {
        let mut tags = vec![tag("team", "a")];
        let many = (0..50).map(|number| tag(&number.to_string(), "")).collect();
        assert_eq!(add("arn", &mut tags, many).unwrap_err().kind, ErrorKind::TooManyTags);
        assert_eq!(tags.len(), 1);
    }

    #[test]
    fn keys_that_aws_keeps_for_itself_and_empty_ones_are_refused() {
        for refused in [tag("aws:x", ""), tag("AWS:x", ""), tag("", ""), tag("k", &"v".repeat(257))] {
            assert!(add("arn", &mut Vec::new(), vec![refused]).is_err());
        }
        add("arn", &mut Vec::new(), vec![tag("äwsö", "")]).unwrap();
    }
}
