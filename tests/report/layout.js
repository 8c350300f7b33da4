/* SPDX-License-Identifier: MIT */
/* Looks at a page as a browser has laid it out: which text lies over other text, which is cut or
 * leaves the page. Run in the page around the frame; returns a list of sentences. */
function layoutFaults(frame) {
    const page = frame.contentDocument, width = page.documentElement.clientWidth;
    const faults = [], boxes = [];
    if (page.documentElement.scrollWidth > width)
        faults.push(`the page is ${page.documentElement.scrollWidth} wide in ${width}`);
    const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
        if (!node.data.trim() || node.parentElement.closest("svg, style, details:not([open]) > :not(summary)"))
            continue;
        const range = page.createRange();
        range.selectNodeContents(node);
        for (const r of range.getClientRects())
            if (r.width > 0.5 && r.height > 0.5)
                boxes.push({ node, l: r.left, t: r.top, r: r.right, b: r.bottom });
        for (let e = node.parentElement; e && e !== page.body; e = e.parentElement) {
            const style = frame.contentWindow.getComputedStyle(e);
            if (style.overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1)
                faults.push(`cut: ${node.data.trim().slice(0, 60)}`);
        }
    }
    for (const b of boxes)
        if (b.l < -0.5 || b.r > width + 0.5)
            faults.push(`leaves the page: ${b.node.data.trim().slice(0, 60)}`);
    boxes.sort((a, b) => a.t - b.t);
    for (let i = 0; i < boxes.length; i++)
        for (let k = i + 1; k < boxes.length && boxes[k].t < boxes[i].b - 2; k++) {
            const a = boxes[i], b = boxes[k];
            /* A line's box is taller than its letters: 2 pixels of it may meet. */
            if (a.node !== b.node && Math.min(a.r, b.r) - Math.max(a.l, b.l) > 1 &&
                Math.min(a.b, b.b) - Math.max(a.t, b.t) > 3)
                faults.push(`one over the other: "${a.node.data.trim().slice(0, 40)}" and ` +
                            `"${b.node.data.trim().slice(0, 40)}"`);
        }
    return faults;
}
