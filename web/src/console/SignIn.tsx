import { useState, type SubmitEvent } from "react";
import { ApiError, connect } from "../api/client";
import { Button, errorText, Field, Problem } from "../ui/controls";
import { Wordmark } from "./Wordmark";
import css from "./pages.module.css";

export function SignIn({ onToken }: { onToken: (token: string) => void }) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const given = token.trim();
      await connect(given).events();
      onToken(given);
    } catch (error) {
      setProblem(refusal(error));
      setBusy(false);
    }
  };
  return (
    <main className={css.signIn}>
      <Wordmark />
      <form className={css.card} onSubmit={(event) => void submit(event)}>
        <h1>Sign in</h1>
        <Field
          label="Access token"
          type="password"
          autoComplete="current-password"
          autoFocus
          required
          value={token}
          onChange={(event) => setToken(event.target.value)}
          hint="Genlock printed it once when it first started."
        />
        {problem && <Problem>{problem}</Problem>}
        <Button type="submit" look="primary" large disabled={busy}>
          Sign in
        </Button>
      </form>
    </main>
  );
}

function refusal(error: unknown): string {
  if (error instanceof ApiError && error.status === 401) {
    return "That token is not right. Check for a missing character, or restart Genlock with --admin-token to set a new one.";
  }
  return errorText(error);
}
