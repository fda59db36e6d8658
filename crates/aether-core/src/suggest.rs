//! "Did you mean ...?"

/// The one of `names` that somebody who wrote `name` most likely meant, if any is near enough.
///
/// Near is at most a third of the letters wrong, swapped, missing or too many (Damerau-Levenshtein), whatever the
/// case.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let length = wanted.chars().count();
    // A name far longer than any real one has no neighbour, and the distance costs the product of both lengths.
    if length > 64 {
        return None;
    }
    names
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, candidate)| distance <= (length.max(candidate.chars().count()) / 3).max(1))
        .filter(|&(distance, candidate)| distance < candidate.chars().count())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// `` `a`, `b`, `c` ``.
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What to tell somebody who wrote a `name` that is none of `names`.
pub fn help(name: &str, names: &[&str]) -> Option<String> {
    match nearest(name, names.iter().copied()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if names.is_empty() => None,
        None => Some(format!("known here: {}", list(names.iter().copied()))),
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_only() {
        let names = ["learning_rate", "epochs", "seed", "adamw", "sgd"];
        assert_eq!(nearest("learning_rat", names), Some("learning_rate"));
        assert_eq!(nearest("learnign_rate", names), Some("learning_rate"));
        assert_eq!(nearest("EPOCHS", names), Some("epochs"));
        assert_eq!(nearest("epoch", names), Some("epochs"));
        assert_eq!(nearest("adam", names), Some("adamw"));
        assert_eq!(nearest("x", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("banana", names), None);
    }
}
