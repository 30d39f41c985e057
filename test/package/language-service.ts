/** The language service of TypeScript over one program, to check what an editor shows. */
import ts from "typescript";
import { compilerHost, STRICT } from "./compiler.js";
import { ROOT } from "./paths.js";

/**
 * Create a language service.
 *
 * @param path - Absolute path of the program, which need not be on disk.
 * @param text - The program.
 */
export function languageService(path: string, text: string): ts.LanguageService {
  const host = compilerHost(STRICT, new Map([[path, text]]));
  return ts.createLanguageService({
    getCompilationSettings: () => STRICT,
    getScriptFileNames: () => [path],
    getScriptVersion: () => "1",
    getScriptSnapshot: (name) => ts.ScriptSnapshot.fromString(host.readFile(name) ?? ""),
    getCurrentDirectory: () => ROOT,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: host.fileExists,
    readFile: host.readFile,
  });
}
