/** The command that sends the same request from a shell, run where the file is. */
export function curlLine(page: string, name: string, type: string): string {
  const url = new URL("predict_expression?annotate=none", page).href;
  const form = `-H ${quoted(`Content-Type: ${type}`)} --data-binary ${quoted(`@${name}`)}`;
  return `curl -s ${form} ${quoted(url)}`;
}

/** Quote for a POSIX shell, whatever the text contains. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
