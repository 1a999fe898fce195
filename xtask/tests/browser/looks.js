// Runs in a page of the sandbox and returns what is wrong with its looks, one text for each fault.
const faults = [];

// Nothing scrolls sideways.
if (document.documentElement.scrollWidth > document.documentElement.clientWidth) faults.push("scrolls sideways");

// Texts whose colour is too close to what is behind them: below 4.5 to 1, as WCAG AA asks.
const read = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
const light = (color) => {
    const [r, g, b] = color.map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
        const color = read(getComputedStyle(at).backgroundColor);
        if (color.length === 3 || color[3] === 1) return color.slice(0, 3);
    }
    return [255, 255, 255];
};
for (const element of document.body.querySelectorAll("*")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!hasText || !element.checkVisibility()) continue;
    const [a, b] = [light(read(getComputedStyle(element).color).slice(0, 3)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faults.push(`pale: ${element.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
}

// What a screen reader would stumble over.
let level = 0;
for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) faults.push(`${heading.tagName} after H${level}: ${heading.textContent}`);
    level = next;
}
if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
for (const input of document.querySelectorAll("input:not([type=hidden]), select"))
    if (!input.labels.length && !input.ariaLabel) faults.push(`no label: ${input.name}`);
for (const named of document.querySelectorAll("[aria-labelledby], [aria-describedby]"))
    for (const attribute of ["aria-labelledby", "aria-describedby"])
        for (const id of (named.getAttribute(attribute) ?? "").split(" "))
            if (id && !document.getElementById(id)) faults.push(`${attribute} of nothing: ${id}`);
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
if (new Set(ids).size !== ids.length) faults.push(`an id twice: ${ids}`);
for (const button of document.querySelectorAll("button, a"))
    if (!button.textContent.trim()) faults.push("a button or link without a text");
if (!document.documentElement.lang || !document.title) faults.push("no language or title");
return faults;
