import { useQuery } from "@tanstack/react-query";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { instanceQuery } from "@/api/queries";
import { AuthFrame } from "@/features/auth/auth-frame";
import { LoginForm } from "@/features/auth/login-form";
import { safeReturnPath } from "@/features/auth/return-path";
import { Button } from "@/ui/button";

export function LoginPage() {
  const { next } = useSearch({ from: "/login" });
  const router = useRouter();
  const instance = useQuery(instanceQuery());
  const goBack = () => router.history.push(safeReturnPath(next, window.location.origin));

  if (instance.data?.setup_required) {
    return (
      <AuthFrame
        title="Not set up yet"
        description="Nobody can sign in before there is an account."
      >
        <Button asChild variant="primary" className="w-full">
          <Link to="/setup">Set up Quotah</Link>
        </Button>
      </AuthFrame>
    );
  }
  return (
    <AuthFrame title="Sign in">
      <LoginForm onSignedIn={goBack} />
    </AuthFrame>
  );
}
