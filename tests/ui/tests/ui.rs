//! What compiles, and what is refused in which words.

#[test]
fn every_form_compiles_and_every_mistake_is_explained() {
    let programs = trybuild::TestCases::new();
    programs.pass("pass/*.rs");
    programs.compile_fail("refused/*.rs");
}
