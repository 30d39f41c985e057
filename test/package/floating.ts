/**
 * Finds promises that no code waits for and whose rejection no code handles. Such a rejection ends the
 * process of the user. Stricter than a lint rule: `void` does not count as handling.
 */
import ts from "typescript";

/** A promise whose rejection would be unhandled. */
export interface FloatingPromise {
  /** Absolute path. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Find the floating promises of the given files. */
export function floatingPromises(program: ts.Program, files: readonly string[]): FloatingPromise[] {
  const found: FloatingPromise[] = [];
  const checker = program.getTypeChecker();
  for (const name of files) {
    const source = program.getSourceFile(name);
    if (source === undefined) throw new Error(`${name} is not part of the program`);
    const visit = (node: ts.Node): void => {
      for (const discarded of discardedBy(node, checker)) {
        if (!mayReject(discarded, checker)) continue;
        const { line } = source.getLineAndCharacterOfPosition(discarded.getStart());
        found.push({
          file: name,
          line: line + 1,
          text: discarded.getText().split("\n", 1)[0] ?? "",
        });
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

/** Return the expressions whose values a node discards. */
function discardedBy(node: ts.Node, checker: ts.TypeChecker): ts.Expression[] {
  if (ts.isExpressionStatement(node)) return valuesOf(node.expression);
  // As a statement it was found already.
  if (ts.isVoidExpression(node) && !ts.isExpressionStatement(node.parent))
    return valuesOf(node.expression);
  return isAsyncForVoid(node, checker) ? [node] : [];
}

/** Return the expressions that an expression may evaluate to. */
function valuesOf(node: ts.Expression): ts.Expression[] {
  if (ts.isParenthesizedExpression(node) || ts.isVoidExpression(node))
    return valuesOf(node.expression);
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].flatMap(valuesOf);
  if (!ts.isBinaryExpression(node)) return [node];
  const { operatorToken, left, right } = node;
  if (operatorToken.kind === ts.SyntaxKind.CommaToken) return [left, right].flatMap(valuesOf);
  if (operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken) return valuesOf(right);
  const isEither =
    operatorToken.kind === ts.SyntaxKind.BarBarToken ||
    operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken;
  // An assigned promise is stored, and awaited later.
  return isEither ? [left, right].flatMap(valuesOf) : [];
}

/** Whether a function returns a promise to a caller that discards it: a timer, an event, a listener. */
function isAsyncForVoid(node: ts.Node, checker: ts.TypeChecker): node is ts.ArrowFunction {
  if (!ts.isArrowFunction(node) && !ts.isFunctionExpression(node)) return false;
  const expected = checker.getContextualType(node)?.getCallSignatures() ?? [];
  const isVoid = (signature: ts.Signature): boolean =>
    (signature.getReturnType().flags & ts.TypeFlags.Void) !== 0;
  if (expected.length === 0 || !expected.every(isVoid)) return false;
  const own = checker.getSignatureFromDeclaration(node)?.getReturnType();
  if (own === undefined || !isPromise(own, checker)) return false;
  return ts.isBlock(node.body) || mayReject(node.body, checker);
}

function isPromise(type: ts.Type, checker: ts.TypeChecker): boolean {
  const types = type.isUnion() ? type.types : [type];
  return types.some((one) => {
    const then = (one.flags & ts.TypeFlags.Any) === 0 ? one.getProperty("then") : undefined;
    return then !== undefined && checker.getTypeOfSymbol(then).getCallSignatures().length > 0;
  });
}

/** Whether an expression is a promise without a handler of its rejection. */
function mayReject(node: ts.Expression, checker: ts.TypeChecker): boolean {
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return true;
  if (ts.isAwaitExpression(node) || !isPromise(checker.getTypeAtLocation(node), checker))
    return false;
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return true;
  const { name, expression } = node.expression;
  if (name.text === "catch") return node.arguments.length !== 1;
  if (name.text === "then") return node.arguments.length !== 2;
  return name.text !== "finally" || mayReject(expression, checker);
}
