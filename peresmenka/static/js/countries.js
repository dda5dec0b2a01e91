// Names of countries in the page's language, in its order: the browser knows them.

const select = document.querySelector("select[data-countries]");

if (select && "DisplayNames" in Intl) {
  const language = document.documentElement.lang;
  const names = new Intl.DisplayNames([language], { type: "region" });
  const chosen = select.value;
  const options = [...select.options].filter((option) => option.value);
  for (const option of options) {
    const name = names.of(option.value);
    if (name && name !== option.value) option.textContent = name;
  }
  options.sort((one, other) => one.textContent.localeCompare(other.textContent, language));
  select.append(...options);
  select.value = chosen;
}
