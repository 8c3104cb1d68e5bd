/** The command that asks the same of the server from a shell; the file is expected where the shell is. */
export function curlLine(page: string, name: string, type: string): string {
  const url = new URL("predict_expression?annotate=none", page).href;
  const form = `-H ${quoted(`Content-Type: ${type}`)} --data-binary ${quoted(`@${name}`)}`;
  return `curl -s ${form} ${quoted(url)}`;
}

/** As POSIX shells read it back, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
